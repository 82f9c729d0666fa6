/** What `alien server` needs of this machine: Temporal and the registry. */
import { Connection } from '@temporalio/client'
import { CommandError } from '../protocol/errors.js'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { readMigrations } from '../server/registry/open-registry.js'
import { RETRIES } from '../temporal/retries.js'
import { missingSearchAttributes } from '../temporal/search-attributes.js'
import type { TemporalSettings } from '../temporal/settings.js'
import { reasonOf, type Check, type Verdict } from './examination.js'

const CONNECT_TIMEOUT_MS = 5_000
/** gRPC's. */
const NOT_FOUND = 5

/** Named `temporal`, `namespace`, `search attributes`. */
export function temporalChecks(settings: TemporalSettings): Check[] {
  const { address, namespace } = settings
  const asking =
    (ask: (connection: Connection) => Promise<Verdict>): (() => Promise<Verdict>) =>
    async () => {
      const connection = await Connection.connect({
        ...settings.connectionOptions,
        connectTimeout: CONNECT_TIMEOUT_MS,
        interceptors: RETRIES,
      })
      try {
        return await ask(connection)
      } finally {
        await connection.close()
      }
    }
  const version = asking(async ({ workflowService }) => {
    const { serverVersion } = await workflowService.getSystemInfo({})
    return { level: 'ok', message: `${address} is Temporal ${serverVersion}` }
  })
  return [
    { name: 'temporal', run: () => version().catch((error: unknown) => unreachable(address, error)) },
    {
      name: 'namespace',
      needs: ['temporal'],
      run: asking(({ workflowService }) => checkNamespace(workflowService, namespace)),
    },
    {
      name: 'search attributes',
      needs: ['namespace'],
      run: asking((connection) => checkSearchAttributes(connection, namespace)),
    },
  ]
}

const unreachable = (address: string, error: unknown): Verdict => ({
  level: 'failure',
  message: `Temporal at ${address} does not answer: ${reasonOf(error)}`,
  remedy: 'see whether it runs; check TEMPORAL_ADDRESS, and TEMPORAL_API_KEY or TEMPORAL_TLS when it wants them',
})

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
    const [message = '', remedy] = error.message.split('; ')
    return { level: 'failure', message, ...(remedy === undefined ? {} : { remedy }) }
  }
}

/** Named `registry`. @param url of PostgreSQL */
export function registryChecks(url: string): Check[] {
  return [{ name: 'registry', run: () => checkRegistry(url) }]
}

async function checkRegistry(url: string): Promise<Verdict> {
  try {
    const { address, pending, unknown } = await readMigrations({ url })
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
      remedy: 'see whether PostgreSQL runs, and whether DATABASE_URL is right',
    }
  }
}
