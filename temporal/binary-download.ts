/** The official archive of the `temporal` CLI: fetched, unpacked by the system's `tar`. */
import { createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { runTool } from './binary-tool.js'

export const OFFICIAL_ORIGIN = 'https://temporal.download'

/** Name look-up, connection, TLS and redirects. Ample when online; bearable where a firewall swallows packets. */
const RESPONSE_TIMEOUT_MS = 5_000
/** The archive has about 50 MB: bears 200 kB a second. */
const TRANSFER_TIMEOUT_MS = 300_000

const PLATFORMS: Partial<Record<NodeJS.Platform, string>> = { linux: 'linux', darwin: 'darwin' }
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' }

const archiveUrl = (origin: string, version: string): string => {
  const platform = PLATFORMS[process.platform]
  const arch = ARCHITECTURES[process.arch]
  if (platform === undefined || arch === undefined) {
    throw new Error(`there is no archive for ${process.platform} ${process.arch}`)
  }
  return `${origin}/cli/archive/v${version}?platform=${platform}&arch=${arch}`
}

/** Puts the `temporal` executable into `directory` and returns its path. */
export const downloadArchive = async (
  origin: string,
  version: string,
  directory: string,
  env: NodeJS.ProcessEnv,
): Promise<string> => {
  const url = archiveUrl(origin, version)
  const response = await fetchArchive(url)
  const archive = join(directory, 'temporal.tar.gz')
  await pipeline(Readable.fromWeb(response), createWriteStream(archive))
  await runTool('tar', ['-xzf', archive, '-C', directory, 'temporal'], env)
  return join(directory, 'temporal')
}

const fetchArchive = async (url: string): Promise<ReadableStream> => {
  const slow = new AbortController()
  const timer = setTimeout(
    () => slow.abort(new Error(`no answer from ${url} within ${RESPONSE_TIMEOUT_MS} ms`)),
    RESPONSE_TIMEOUT_MS,
  )
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([slow.signal, AbortSignal.timeout(TRANSFER_TIMEOUT_MS)]),
    })
    if (!response.ok || response.body === null) throw new Error(`${url} answered with HTTP status ${response.status}`)
    return response.body
  } catch (error) {
    // fetch() itself only says "fetch failed"; what failed is in the cause.
    if (error instanceof TypeError && error.cause instanceof Error) throw new Error(`${url}: ${error.cause.message}`)
    throw error
  } finally {
    clearTimeout(timer)
  }
}
