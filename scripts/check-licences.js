/**
 * The licences of all that a production install may have, each against `scripts/licences.json`: `allowed` has SPDX
 * expressions as they stand in the bill of materials, `read` what somebody read of one version of a package that does not say
 * it itself. Prints a report, and exits with 1 for a licence that is not in there, or an entry that nothing needs any more.
 *
 *   npm run check:licences
 */
import { readFileSync } from 'node:fs'
import { sbom } from './sbom.js'

const licencesOf = ({ licenses = [] }) =>
  licenses.map(({ expression, license }) => expression ?? license.id ?? license.name).join(' AND ')

/**
 * @param {{ name: string, version: string, group?: string, licenses?: object[] }[]} components of a bill of materials
 * @returns {{ counts: Record<string, number>, problems: string[] }} packages by licence, and what is wrong
 */
export function judge(components, { allowed, read }) {
  const counts = {}
  const problems = []
  const used = new Set()
  for (const component of components) {
    const { group, name, version } = component
    const id = `${group === undefined ? '' : `${group}/`}${name}@${version}`
    const told = licencesOf(component)
    const licence = told === '' ? read[id]?.licence : told
    used.add(licence).add(id)
    if (licence === undefined)
      problems.push(`${id} does not say its licence; read it, and note it in scripts/licences.json`)
    else if (!allowed.includes(licence)) problems.push(`${id} has the licence "${licence}", which is not allowed`)
    else counts[licence] = (counts[licence] ?? 0) + 1
  }
  const unused = [...allowed, ...Object.keys(read)].filter((entry) => !used.has(entry))
  problems.push(...unused.map((entry) => `"${entry}" in scripts/licences.json is not needed any more`))
  return { counts, problems }
}

if (import.meta.filename === process.argv[1]) {
  const policy = JSON.parse(readFileSync(new URL('licences.json', import.meta.url), 'utf8'))
  const { counts, problems } = judge(sbom().components, policy)
  for (const [licence, count] of Object.entries(counts).sort(([, a], [, b]) => b - a)) {
    console.log(`${String(count).padStart(4)}  ${licence}`)
  }
  for (const problem of problems) console.error(`licences: ${problem}`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
