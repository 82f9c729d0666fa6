/** The clouds of the tests: real servers on free ports of loopback, ended with the test file that started them. */
import { execa } from 'execa'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll } from 'vitest'
import { AZURITE, DRONGO, FAKE_GCS, installed, MINISTACK, MOTO, PSTEST, VERSITYGW } from './tools.js'
import { ownPort } from '../support/port.js'

const READY_TIMEOUT_MS = 60_000

interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly env?: Record<string, string>
  /** Default: any answer to HTTP. */
  readonly isReady?: (url: string) => Promise<boolean>
}

/** Where to say how a server is ended. Default: with the test file. */
type AtEnd = (close: () => Promise<void>) => void

/** Runs `program`, and gives its address once it answers. */
async function serve(
  port: number,
  { file, args, env = {}, isReady = answers }: Program,
  atEnd: AtEnd = afterAll,
): Promise<string> {
  const child = execa(file, args, { env, stdin: 'ignore', stdout: 'ignore', stderr: 'pipe', reject: false })
  atEnd(async () => {
    child.kill('SIGTERM', new Error('the test is over'))
    await child
  })
  const url = `http://127.0.0.1:${port}`
  const giveUpAt = Date.now() + READY_TIMEOUT_MS
  while (!(await isReady(url))) {
    if (child.exitCode !== null) throw new Error(`${file} ended at once: ${(await child).stderr}`)
    if (Date.now() > giveUpAt) throw new Error(`${file} does not answer on port ${port}`)
    await setTimeout(50)
  }
  return url
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  )

/** Whether somebody listens, whatever they speak. */
async function accepts(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  try {
    await once(socket, 'connect')
    return true
  } catch {
    return false
  } finally {
    socket.destroy()
  }
}

/**
 * Amazon's Lambda, SQS, IAM and STS; functions run as processes of their own. Takes any credentials: an access key of
 * twelve digits is the account of that number, as its root.
 *
 * @param enforcesPolicies Whether roles may do what their policies allow, and nothing else. Default: all may do all.
 */
export async function startMinistack(atEnd?: AtEnd, { enforcesPolicies = false } = {}): Promise<string> {
  const folder = await installed(MINISTACK)
  const port = await ownPort()
  return serve(
    port,
    {
      file: join(folder, 'bin', 'ministack'),
      args: [],
      env: {
        GATEWAY_PORT: String(port),
        BIND_HOST: '127.0.0.1',
        IOT_MTLS_ENABLED: '0',
        AUTH: String(enforcesPolicies),
        LAMBDA_EXECUTOR: 'local',
        // Between the deliveries of an event whose function failed: minutes in the cloud.
        LAMBDA_ASYNC_RETRY_BASE_SECONDS: '1',
        LAMBDA_ASYNC_RETRY_MAX_SECONDS: '1',
      },
    },
    atEnd,
  )
}

/** Google Pub/Sub, over gRPC. Gives its host and port, as `PUBSUB_EMULATOR_HOST` takes them. */
export async function startPubSub({ minAckDeadlineSeconds = 1 } = {}, atEnd?: AtEnd): Promise<string> {
  const folder = await installed(PSTEST)
  const port = await ownPort()
  const url = await serve(
    port,
    {
      file: join(folder, 'bin', 'pstest'),
      args: [String(port), String(minAckDeadlineSeconds)],
      isReady: accepts,
    },
    atEnd,
  )
  return new URL(url).host
}

/** Amazon's services. Takes any credentials. */
export async function startMoto(): Promise<string> {
  const folder = await installed(MOTO)
  const port = await ownPort()
  return serve(port, { file: join(folder, 'bin', 'moto_server'), args: ['-H', '127.0.0.1', '-p', String(port)] })
}

/** S3 in front of a directory, as people run it in production; checks signatures. */
export async function startVersitygw(credentials: { accessKeyId: string; secretAccessKey: string }): Promise<string> {
  const folder = await installed(VERSITYGW)
  const directory = await mkdtemp(join(tmpdir(), 'alien-versitygw-'))
  afterAll(() => rm(directory, { recursive: true, force: true }))
  const port = await ownPort()
  return serve(port, {
    file: join(folder, 'bin', 'versitygw'),
    args: ['--quiet', '--port', `127.0.0.1:${port}`, 'posix', directory],
    env: { ROOT_ACCESS_KEY: credentials.accessKeyId, ROOT_SECRET_KEY: credentials.secretAccessKey },
  })
}

export async function startFakeGcs(): Promise<string> {
  const folder = await installed(FAKE_GCS)
  const port = await ownPort()
  const host = `127.0.0.1:${port}`
  return serve(port, {
    file: join(folder, 'bin', 'fake-gcs-server'),
    // prettier-ignore
    args: ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port), '-backend', 'memory',
      '-external-url', `http://${host}`, '-public-host', host],
  })
}

/** Azure Blob Storage; checks the shared key. */
export async function startAzurite(): Promise<string> {
  const folder = await installed(AZURITE)
  const port = await ownPort()
  return serve(port, {
    file: process.execPath,
    // prettier-ignore
    args: [join(folder, 'node_modules/azurite/dist/src/blob/main.js'), '--silent', '--disableTelemetry',
      '--inMemoryPersistence', '--skipApiVersionCheck', '--blobHost', '127.0.0.1', '--blobPort', String(port)],
  })
}

/** Google Secret Manager, over REST. */
export async function startDrongo(): Promise<string> {
  const folder = await installed(DRONGO)
  const port = await ownPort()
  return serve(port, { file: join(folder, 'bin', 'drongo'), args: ['server', '--port', String(port)] })
}
