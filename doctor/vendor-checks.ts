/** What `alien server` needs of this machine: Temporal and the registry. */
import { existsSync } from 'node:fs'
import { Connection } from '@temporalio/client'
import { optionalTsToMs } from '@temporalio/common/lib/time.js'
// Node finds no named exports in this CommonJS module.
import proto from '@temporalio/proto'
import { CommandError } from '../protocol/errors.js'
import { COMMANDS_QUEUE, SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { readMigrations, type RegistryOptions } from '../server/registry/open-registry.js'
import { RETRIES } from '../temporal/retries.js'
import { missingSearchAttributes } from '../temporal/search-attributes.js'
import type { TemporalSettings } from '../temporal/settings.js'
import { reasonOf, type Check, type Verdict } from './examination.js'

const CONNECT_TIMEOUT_MS = 5_000
/** Of Temporal's two types of task queue. */
const WORKFLOW_QUEUE = proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
/** gRPC's. */
const NOT_FOUND = 5

/** Named `temporal`, `namespace`, `search attributes`, `workers`. @param read throws for what cannot be settings */
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
    { name: 'temporal', run: () => version().catch((error: unknown) => unusable(read, error)) },
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

function unusable(read: () => TemporalSettings, error: unknown): Verdict {
  if (error instanceof CommandError) return told(error)
  return {
    level: 'failure',
    message: `Temporal at ${read().address} does not answer: ${reasonOf(error)}`,
    remedy: 'see whether it runs; check TEMPORAL_ADDRESS, and TEMPORAL_API_KEY or TEMPORAL_TLS when it wants them',
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
    const isMissing = (error as { readonly code?: unknown }).code === NOT_FOUND
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

/** Named `registry`; needs `settings`. */
export function registryChecks(read: () => RegistryOptions): Check[] {
  return [{ name: 'registry', needs: ['settings'], run: () => checkRegistry(read()) }]
}

async function checkRegistry(options: RegistryOptions): Promise<Verdict> {
  const { file } = options
  if (file !== undefined && !existsSync(file)) {
    return { level: 'ok', message: `${file} is not there yet; alien server creates it` }
  }
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
