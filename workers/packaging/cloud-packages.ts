/** The clouds' own packages, none of which goes into a bundle: platforms have theirs, or install them. */
import { createRequire } from 'node:module'

const { peerDependencies } = createRequire(import.meta.url)('@alienplatform/sdk/package.json') as {
  readonly peerDependencies: Readonly<Record<string, string>>
}

export const CLOUD_PACKAGES: readonly string[] = Object.keys(peerDependencies)

/** Those that the project of `entry` depends on itself, each with the version that it has. */
export function installedCloudPackages(entry: string): Record<string, string> {
  const require = createRequire(entry)
  const declared = projectDependencies(require)
  const installed = CLOUD_PACKAGES.filter((name) => declared.has(name)).flatMap((name) => {
    const version = versionOf(require, name)
    return version === undefined ? [] : [[name, version] as const]
  })
  return Object.fromEntries(installed)
}

function projectDependencies(require: NodeJS.Require): ReadonlySet<string> {
  for (const folder of ['.', '..', '../..', '../../..']) {
    try {
      const { dependencies = {} } = require(`${folder}/package.json`) as { dependencies?: Record<string, string> }
      return new Set(Object.keys(dependencies))
    } catch {
      // It is further up, or there is none.
    }
  }
  return new Set()
}

/** Not every package lets its `package.json` be asked for. */
function versionOf(require: NodeJS.Require, name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (require(`${folder}/${name}/package.json`) as { version: string }).version
    } catch {
      // It is not there.
    }
  }
  return undefined
}
