/**
 * Temporal's own development server as a child process of ours.
 *
 * Stages: choose ports -> spawn under the guardian -> answering for the namespace -> search attributes usable -> ready
 * -> stopped. A start that fails leaves nothing behind.
 */
import { Connection } from '@temporalio/client'
import { CommandError } from '../protocol/errors.js'
import { startDevArgs, type ServerLayout } from './dev-server-args.js'
import { freePort, isPortFree } from './free-port.js'
import { spawnGuarded, type ExitStatus, type GuardedProcess } from './guardian.js'
import { RETRIES } from './retries.js'
import { ensureSearchAttributes, type SearchAttributes } from './search-attributes.js'

export interface DevServerOptions {
  /** The `temporal` executable, from `resolveTemporalBinary()`. */
  readonly binaryPath: string
  /** @default 'default' */
  readonly namespace?: string
  /** For gRPC. @default a free one */
  readonly port?: number
  /** For the Web UI. @default a free one */
  readonly uiPort?: number
  /** SQLite file that keeps workflows over restarts; made when missing. @default in memory, gone with the process */
  readonly dbFilename?: string
  readonly searchAttributes?: SearchAttributes
  /** Called for each line that the server writes. */
  readonly onLog?: (line: string) => void
}

export interface DevServer {
  /** `host:port` of gRPC. */
  readonly address: string
  readonly namespace: string
  readonly uiUrl: string
  readonly pid: number
  /** Settles when the server has ended, whoever ended it. Never rejects. */
  readonly exited: Promise<ExitStatus>
  /** Takes about 1 s with a database file, for an orderly shutdown. Resolves when it is gone; may be called again. */
  readonly stop: () => Promise<void>
}

/** Everything on loopback: the dev server knows no authentication. */
const HOST = '127.0.0.1'
/** Ready in under 1 s on an idle machine. */
const START_TIMEOUT_MS = 30_000
/** An orderly shutdown takes 1.2 s, and is for what is kept. */
const STOP_GRACE_SECONDS = { inMemory: 0, ofFile: 10 }
/** A port that was free may be taken before the server binds it, above all when several start at the same time. */
const MAX_ATTEMPTS = 5
const LOG_TAIL_LINES = 10

/**
 * Starts the dev server and resolves when it answers for the namespace. It ends with {@link DevServer.stop}, and also
 * when this process ends in any way.
 *
 * @throws CommandError `conflict` when a given port is in use; `unavailable` when the server ends or is not ready in time,
 *   with the last lines it wrote
 */
export const startDevServer = async (options: DevServerOptions): Promise<DevServer> => {
  await refuseTakenPort('port', options.port)
  await refuseTakenPort('uiPort', options.uiPort)
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptStart(options)
    } catch (error) {
      if (!(error instanceof PortLostError) || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/** The server could not bind one of its ports; another attempt takes others. */
class PortLostError extends CommandError {}

const refuseTakenPort = async (option: 'port' | 'uiPort', port: number | undefined): Promise<void> => {
  if (port === undefined || (await isPortFree(port))) return
  throw new CommandError(
    'conflict',
    `port ${port} is already in use; stop the process that holds it or choose another port (option "${option}")`,
  )
}

const attemptStart = async (options: DevServerOptions): Promise<DevServer> => {
  const layout: ServerLayout = {
    host: HOST,
    port: options.port ?? (await freePort()),
    uiPort: options.uiPort ?? (await freePort()),
    namespace: options.namespace ?? 'default',
    dbFilename: options.dbFilename,
    searchAttributes: options.searchAttributes ?? {},
  }
  const tail: string[] = []
  const onLine = (line: string): void => {
    tail.push(line)
    if (tail.length > LOG_TAIL_LINES) tail.shift()
    options.onLog?.(line)
  }
  const child = await spawnGuarded(options.binaryPath, startDevArgs(layout), {
    stopGraceSeconds: layout.dbFilename === undefined ? STOP_GRACE_SECONDS.inMemory : STOP_GRACE_SECONDS.ofFile,
    onLine,
  })
  try {
    await untilReady(child, layout, tail)
  } catch (error) {
    await child.stop()
    throw error
  }
  return {
    address: `${HOST}:${layout.port}`,
    namespace: layout.namespace,
    uiUrl: `http://${HOST}:${layout.uiPort}`,
    pid: child.pid,
    exited: child.exited,
    stop: child.stop,
  }
}

const untilReady = async (child: GuardedProcess, layout: ServerLayout, tail: readonly string[]): Promise<void> => {
  const connection = Connection.lazy({
    address: `${layout.host}:${layout.port}`,
    connectTimeout: START_TIMEOUT_MS,
    interceptors: RETRIES,
    // The default first pause between tries, 1 s, is longer than the whole start.
    channelArgs: { 'grpc.initial_reconnect_backoff_ms': 50, 'grpc.max_reconnect_backoff_ms': 100 },
  })
  const ended = child.exited.then((status) => {
    throw endedEarly(status, tail)
  })
  try {
    await Promise.race([ended, answering(connection, layout, tail)])
  } finally {
    await connection.close()
  }
}

const answering = async (connection: Connection, layout: ServerLayout, tail: readonly string[]): Promise<void> => {
  const { namespace, searchAttributes } = layout
  try {
    await connection.withDeadline(Date.now() + START_TIMEOUT_MS, async () => {
      await connection.ensureConnected()
      await connection.workflowService.describeNamespace({ namespace })
    })
  } catch (error) {
    const message = `temporal dev server is not ready after ${START_TIMEOUT_MS / 1000} s${lastLines(tail)}`
    throw new CommandError('unavailable', message, { cause: error })
  }
  // A database file that exists already makes the server ignore its own flag for them.
  await ensureSearchAttributes(connection, namespace, searchAttributes)
}

const endedEarly = (status: ExitStatus, tail: readonly string[]): CommandError => {
  const how = status.signal === null ? `exit code ${String(status.code)}` : `signal ${status.signal}`
  const message = `temporal dev server ended before it was ready, with ${how}${lastLines(tail)}`
  const PortOrOther = tail.some((line) => line.includes('address already in use')) ? PortLostError : CommandError
  return new PortOrOther('unavailable', message)
}

const lastLines = (tail: readonly string[]): string =>
  tail.length === 0 ? '; it wrote nothing' : `; its last lines:\n${tail.map((line) => `  ${line}`).join('\n')}`
