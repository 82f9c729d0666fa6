/** What `alien server` needs of this machine: Temporal and the registry. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { status as grpc } from '@grpc/grpc-js'
import { Connection } from '@temporalio/client'
import { optionalTsToMs } from '@temporalio/common/lib/time.js'
// Node finds no named exports in this CommonJS module.
import proto from '@temporalio/proto'
import { CommandError } from '../protocol/errors.js'
import { COMMANDS_QUEUE, SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { certificateEnd } from '../server/certificate-end.js'
import { readMigrations, type RegistryOptions } from '../server/registry/open-registry.js'
import { TlsFiles, type CertificateFiles } from '../server/tls-files.js'
import { RETRIES } from '../temporal/retries.js'
import { missingSearchAttributes } from '../temporal/search-attributes.js'
import { grpcCode } from '../temporal/grpc-code.js'
import { usesTls, type TemporalSettings } from '../temporal/settings.js'
import { reasonOf, type Check, type Verdict } from './examination.js'
import { roadToTemporal, temporalWayChecks, wantsTls } from './temporal-way.js'
import { goodUntil } from './way.js'

const CONNECT_TIMEOUT_MS = 5_000
/** Of Temporal's two types of task queue. */
const WORKFLOW_QUEUE = proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW

/**
 * Named `temporal settings`, those of {@link temporalWayChecks}, `temporal`, `namespace`, `search attributes`, `workers`.
 *
 * @param read throws for what cannot be settings
 */
export function temporalChecks(read: () => TemporalSettings): Check[] {
  const asking =
    (ask: (connection: Connection, settings: TemporalSettings) => Promise<Verdict>): (() => Promise<Verdict>) =>
    async () => {
      const settings = read()
      const connection = await Connection.connect({
        ...settings.connectionOptions,
        connectTimeout: CONNECT_TIMEOUT_MS,
        interceptors: RETRIES,
      })
      try {
        return await ask(connection, settings)
      } finally {
        await connection.close()
      }
    }
  const version = asking(async ({ workflowService }, { address }) => {
    const { serverVersion } = await workflowService.getSystemInfo({})
    return { level: 'ok', message: `${address} is Temporal ${serverVersion}` }
  })
  return [
    { name: 'temporal settings', run: () => Promise.resolve(checkTemporalSettings(read)) },
    ...temporalWayChecks(read),
    {
      name: 'temporal',
      needs: ['temporal tls'],
      run: () => version().catch((error: unknown) => unusable(read(), error)),
    },
    {
      name: 'namespace',
      needs: ['temporal'],
      run: asking(({ workflowService }, { namespace }) => checkNamespace(workflowService, namespace)),
    },
    {
      name: 'search attributes',
      needs: ['namespace'],
      run: asking((connection, { namespace }) => checkSearchAttributes(connection, namespace)),
    },
    {
      name: 'workers',
      needs: ['search attributes'],
      run: asking(({ workflowService }, { namespace }) => checkWorkers(workflowService, namespace)),
    },
  ]
}

function checkTemporalSettings(read: () => TemporalSettings): Verdict {
  try {
    const settings = read()
    roadToTemporal(settings)
    const { address, namespace } = settings
    return { level: 'ok', message: `${address}, namespace "${namespace}", ${usesTls(settings) ? 'TLS' : 'plain text'}` }
  } catch (error) {
    if (error instanceof CommandError) return told(error)
    return { level: 'failure', message: reasonOf(error), remedy: 'give TEMPORAL_ADDRESS as host:port' }
  }
}

/** Its port can be reached, and TLS is as it should be. */
async function unusable(settings: TemporalSettings, error: unknown): Promise<Verdict> {
  const { address } = settings
  // Temporal's client says only that it failed.
  const reason = reasonOf(error instanceof Error ? (error.cause ?? error) : error)
  if (await wantsTls(settings)) {
    return {
      level: 'failure',
      message: `${address} speaks TLS, and is spoken to in plain text`,
      remedy: 'set TEMPORAL_TLS=true, or the API key or the certificate that it wants',
    }
  }
  const code = grpcCode(error)
  if (code === grpc.UNAUTHENTICATED || code === grpc.PERMISSION_DENIED) {
    return {
      level: 'failure',
      message: `Temporal at ${address} refuses the credentials: ${reason}`,
      remedy: 'see whether TEMPORAL_API_KEY is set, is that of this namespace, and has not expired',
    }
  }
  return {
    level: 'failure',
    message: `${address} does not answer as Temporal does: ${reason}`,
    remedy: `see whether TEMPORAL_ADDRESS is the gRPC port of Temporal's frontend, which mostly is 7233, and whether it is healthy: temporal operator cluster health`,
  }
}

/** What it says to do stands behind a semicolon. */
function told({ message: said }: CommandError): Verdict {
  const [message = '', remedy] = said.split('; ')
  return { level: 'failure', message, ...(remedy === undefined ? {} : { remedy }) }
}

async function checkNamespace(service: Connection['workflowService'], namespace: string): Promise<Verdict> {
  try {
    await service.describeNamespace({ namespace })
    return { level: 'ok', message: `namespace "${namespace}" is there` }
  } catch (error) {
    const isMissing = grpcCode(error) === grpc.NOT_FOUND
    return {
      level: 'failure',
      message: isMissing ? `there is no namespace "${namespace}"` : reasonOf(error),
      remedy: isMissing
        ? `create it, with temporal operator namespace create -n ${namespace}, or correct TEMPORAL_NAMESPACE`
        : 'see whether the credentials of TEMPORAL_API_KEY or TEMPORAL_TLS are for that namespace',
    }
  }
}

async function checkSearchAttributes(connection: Connection, namespace: string): Promise<Verdict> {
  try {
    const missing = await missingSearchAttributes(connection, namespace, SEARCH_ATTRIBUTES)
    if (missing.length === 0) return { level: 'ok', message: `${Object.keys(SEARCH_ATTRIBUTES).join(', ')} are there` }
    const create = missing.map((name) => `--name ${name} --type Keyword`).join(' ')
    return {
      level: 'failure',
      message: `namespace "${namespace}" lacks ${missing.join(', ')}`,
      remedy: `let alien server create them as it starts, or run: temporal operator search-attribute create -n ${namespace} ${create}`,
    }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return told(error)
  }
}

/** Temporal tells of pollers for five minutes; one that lives comes again within one. */
const POLLS_AGAIN_MS = 120_000

/** Without a worker nothing that is started begins, and no call says so. */
async function checkWorkers(service: Connection['workflowService'], namespace: string): Promise<Verdict> {
  const taskQueue = { name: COMMANDS_QUEUE }
  const { pollers } = await service.describeTaskQueue({ namespace, taskQueue, taskQueueType: WORKFLOW_QUEUE })
  const polling = pollers.filter(
    ({ lastAccessTime }) => Date.now() - (optionalTsToMs(lastAccessTime) ?? 0) < POLLS_AGAIN_MS,
  )
  if (polling.length > 0) return { level: 'ok', message: `${polling.length} poll task queue "${COMMANDS_QUEUE}"` }
  return {
    level: 'failure',
    message: `no vendor worker polls task queue "${COMMANDS_QUEUE}" of namespace "${namespace}": nothing that is started begins`,
    remedy: 'start alien server, or an alien worker beside one with --no-worker',
  }
}

/** Named `certificate`; needs `settings`. @param read files of what callers and agents are shown, if TLS is served */
export const certificateChecks = (read: () => CertificateFiles | undefined): Check[] => [
  { name: 'certificate', needs: ['settings'], run: () => checkCertificate(read()) },
]

const RENEW = 'write the renewed one over it; alien server reads it again when it changes'

async function checkCertificate(files: CertificateFiles | undefined): Promise<Verdict> {
  if (files === undefined) return { level: 'ok', message: 'none: alien server is to serve plain text' }
  try {
    const { cert } = await new TlsFiles(files, () => undefined).read()
    return goodUntil(`certificate ${files.certFile}`, certificateEnd(cert), RENEW)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return told(error)
  }
}

/** Whether a file can be made that is not there yet, with the folders above it. */
function checkPlace(file: string): Verdict {
  let above = dirname(file)
  while (!existsSync(above)) above = dirname(above)
  try {
    accessSync(above, constants.W_OK)
    if (statSync(above).isDirectory()) {
      return { level: 'ok', message: `${file} is not there yet; alien server creates it` }
    }
  } catch {
    // As where it is no folder.
  }
  return {
    level: 'failure',
    message: `${file} is not there yet, and cannot be created: ${above} is no folder that this user may write to`,
    remedy: 'correct ALIEN_STATE_DIR, or let this user write there',
  }
}

/** Named `registry`; needs `settings`. */
export function registryChecks(read: () => RegistryOptions): Check[] {
  return [{ name: 'registry', needs: ['settings'], run: () => checkRegistry(read()) }]
}

async function checkRegistry(options: RegistryOptions): Promise<Verdict> {
  const { file } = options
  if (file !== undefined && !existsSync(file)) return checkPlace(file)
  try {
    const { address, pending, unknown } = await readMigrations(options)
    if (unknown.length > 0) {
      const message = `${address} has migrations that this version lacks: ${unknown.join(', ')}`
      return { level: 'failure', message, remedy: 'run the newer version' }
    }
    if (pending.length === 0) return { level: 'ok', message: `${address} has the schema of this version` }
    return {
      level: 'warning',
      message: `${address} is to be migrated: ${pending.join(', ')}`,
      remedy: 'alien server does that as it starts',
    }
  } catch (error) {
    return {
      level: 'failure',
      message: reasonOf(error),
      remedy:
        file === undefined
          ? 'see whether PostgreSQL runs, and whether DATABASE_URL is right'
          : 'see whether this user may read and write it, and whether the disk is full',
    }
  }
}
