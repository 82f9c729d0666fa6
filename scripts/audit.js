/**
 * Known vulnerabilities of what a production install has: `npm audit`, less the exceptions in `scripts/audit-exceptions.json`,
 * each `{ "advisory": "GHSA-…", "package": "name", "because": "why it does not reach us", "until": "2030-01-31" }`.
 *
 *   npm run audit
 *
 * Exits with 1 for an advisory of any severity without an exception, and for an exception that is over or that nothing
 * needs any more. Exits with 2 when the registry does not answer, as mirrors do that do not pass audits on: that says
 * nothing, and must not pass for good news.
 */
import { readFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'

const say = (line) => console.error(`audit: ${line}`)

/** @returns {{ advisory: string, package: string, severity: string, title: string }[] | undefined} `undefined`: no answer */
function advisories() {
  const { stdout } = spawnSync('npm', ['audit', '--omit', 'dev', '--json'], { encoding: 'utf8', maxBuffer: 2 ** 26 })
  const report = reportIn(stdout)
  if (report.vulnerabilities === undefined) {
    say(`the registry does not answer: ${report.message || report.error?.summary || 'npm audit says nothing'}`)
    say(
      'nothing is known of vulnerabilities; run it where https://registry.npmjs.org, or a mirror that answers audits, is reached',
    )
    return undefined
  }
  const found = Object.values(report.vulnerabilities).flatMap(({ via }) =>
    via.filter((cause) => typeof cause === 'object'),
  )
  return found.map(({ url, name, severity, title }) => ({
    advisory: url.split('/').at(-1),
    package: name,
    severity,
    title,
  }))
}

/** npm may say something else than JSON, or nothing. */
function reportIn(stdout) {
  try {
    return JSON.parse(stdout)
  } catch {
    return {}
  }
}

/** What is wrong, a line each. @param {string} today as 2030-01-31 */
function judge(found, exceptions, today) {
  const matches = (exception) => (advisory) =>
    advisory.advisory === exception.advisory && advisory.package === exception.package
  const name = (entry) => `${entry.advisory} of ${entry.package}`
  return [
    ...found
      .filter((advisory) => !exceptions.some((exception) => matches(exception)(advisory)))
      .map((advisory) => `${name(advisory)}, ${advisory.severity}: ${advisory.title}`),
    ...exceptions
      .filter((exception) => !found.some(matches(exception)))
      .map((exception) => `the exception for ${name(exception)} is not needed any more`),
    ...exceptions
      .filter(({ until }) => !(until >= today))
      .map((exception) => `the exception for ${name(exception)} is over since ${exception.until}`),
  ]
}

const exceptionsFile = process.argv[2] ?? new URL('audit-exceptions.json', import.meta.url)
const found = advisories()
if (found === undefined) process.exitCode = 2
else {
  const exceptions = JSON.parse(readFileSync(exceptionsFile, 'utf8'))
  const problems = judge(found, exceptions, new Date().toISOString().slice(0, 10))
  for (const problem of problems) say(problem)
  say(`${found.length} advisories, ${exceptions.length} exceptions, ${problems.length} problems`)
  process.exitCode = problems.length === 0 ? 0 : 1
}
