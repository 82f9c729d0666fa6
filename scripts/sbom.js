/**
 * The software bill of materials: CycloneDX 1.5 as JSON on stdout, of all that a production install may have, other
 * platforms' binaries included.
 *
 *   npm run --silent sbom > sbom.json
 *
 * By `npm sbom`, from the lock file alone. It is given one without the packages for development, because its own `--omit
 * dev` also leaves out what development and production both need.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const read = (file) => JSON.parse(readFileSync(file, 'utf8'))

/** @returns the bill, parsed */
export function sbom() {
  const { devDependencies: _left, ...manifest } = read('package.json')
  const lock = read('package-lock.json')
  const packages = Object.entries(lock.packages).filter(([, { dev }]) => !dev)
  const production = { ...lock, packages: { ...Object.fromEntries(packages), '': manifest } }
  const folder = mkdtempSync(join(tmpdir(), 'alien-sbom-'))
  try {
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
    writeFileSync(join(folder, 'package-lock.json'), JSON.stringify(production))
    const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only']
    const bill = JSON.parse(execFileSync('npm', args, { cwd: folder, encoding: 'utf8', maxBuffer: 2 ** 26 }))
    // npm takes the folder's name.
    bill.metadata.component.name = manifest.name
    return bill
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

if (import.meta.filename === process.argv[1]) console.log(JSON.stringify(sbom(), null, 2))
