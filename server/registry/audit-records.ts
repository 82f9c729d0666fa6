import { randomBytes } from 'node:crypto'
import { sql, type ExpressionBuilder, type Insertable, type Kysely } from 'kysely'
import type { Actor, AuditEntry, AuditRecord } from '../../protocol/audit.js'
import type { ErrorCode } from '../../protocol/error-codes.js'
import { isIdPattern } from '../../protocol/rights.js'
import type { AuditTable, RegistrySchema } from './schema.js'
import { unsynced } from './unsynced.js'

/** Which records; all that is given must hold. */
export interface AuditFilter {
  /** Id or name. */
  readonly deployment?: string | undefined
  readonly action?: string | undefined
  /** Id or name of an API key, id of an agent token. */
  readonly actor?: string | undefined
  readonly outcome?: AuditEntry['outcome'] | undefined
  /** From this time on. */
  readonly from?: Date | undefined
  /** Before this time. */
  readonly to?: Date | undefined
  /** Older than the record of this id. */
  readonly before?: string | undefined
  /** One of these must fit, as in {@link Rights}. */
  readonly deployments: readonly string[]
  /** One of these must fit, where a record is about a command. */
  readonly commands: readonly string[]
}

/** Who did what. Rows are added, never changed, and deleted when they are old. */
export class AuditRecords {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  async add(records: readonly AuditRecord[]): Promise<void> {
    const rows = records.map(toRow)
    await unsynced(this.#db, (db) => db.insertInto('audit').values(rows).execute())
  }

  /** At most `limit`, newest first. */
  async list(filter: AuditFilter, limit: number): Promise<AuditRecord[]> {
    const rows = await this.#db
      .selectFrom('audit')
      .selectAll()
      .where((expressions) => expressions.and(conditions(expressions, filter)))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute()
    return rows.map(fromRow)
  }

  /** Deletes at most `limit` from before that time, the oldest first, and gives how many. */
  async deleteOlder(before: Date, limit: number): Promise<number> {
    const oldest = this.#db.selectFrom('audit').select('id').where('id', '<', idAt(before)).orderBy('id').limit(limit)
    const { numDeletedRows } = await this.#db.deleteFrom('audit').where('id', 'in', oldest).executeTakeFirstOrThrow()
    return Number(numDeletedRows)
  }
}

type Expressions = ExpressionBuilder<RegistrySchema, 'audit'>

function conditions(
  where: Expressions,
  { deployment, action, actor, outcome, from, to, before, ...patterns }: AuditFilter,
) {
  const { deployments, commands } = patterns
  return [
    ...(deployment === undefined
      ? []
      : [where.or([where('deployment_id', '=', deployment), where('deployment_name', '=', deployment)])]),
    ...(action === undefined ? [] : [where('action', '=', action)]),
    ...(outcome === undefined ? [] : [where('outcome', '=', outcome)]),
    ...(actor === undefined ? [] : [where.or([where('actor_id', '=', actor), where('actor_name', '=', actor)])]),
    ...(from === undefined ? [] : [where('id', '>=', idAt(from))]),
    ...(to === undefined ? [] : [where('id', '<', idAt(to))]),
    ...(before === undefined ? [] : [where('id', '<', before)]),
    ...(deployments.includes('*')
      ? []
      : [where.or(deployments.map((one) => like(isIdPattern(one) ? 'deployment_id' : 'deployment_name', one)))]),
    ...(commands.includes('*')
      ? []
      : [where.or([where('command', 'is', null), ...commands.map((one) => like('command', one))])]),
  ]
}

/** Whether the case of letters counts depends on the engine; it does count to whoever asks, who looks again. */
const like = (column: 'deployment_id' | 'deployment_name' | 'command', pattern: string) =>
  sql<boolean>`${sql.ref(column)} like ${pattern.replace(/_/g, '!_').replaceAll('*', '%')} escape '!'`

/** An id of now. Ids sort by time, and have 60 bits that are random. */
export const newAuditId = (at: Date): string => idAt(at) + randomBytes(8).toString('hex').slice(0, 15)

/** 11 hex digits last until the year 2527. */
const idAt = (at: Date): string => `aud_${Math.max(0, at.getTime()).toString(16).padStart(11, '0')}`

function toRow({ actor, ...record }: AuditRecord): Insertable<AuditTable> {
  return {
    id: record.id,
    at: record.at,
    actor_kind: actor.kind,
    actor_id: actor.id,
    actor_name: actor.kind === 'api-key' ? actor.name : null,
    actor_deployment_id: actor.kind === 'agent-token' ? actor.deploymentId : null,
    address: record.address,
    method: record.method,
    action: record.action,
    deployment_id: record.deploymentId,
    deployment_name: record.deploymentName,
    command: record.command,
    invocation_id: record.invocationId,
    token_id: record.tokenId,
    outcome: record.outcome,
    status: record.status,
    code: record.code,
    request_id: record.requestId,
    calls: record.calls,
  }
}

const fromRow = (row: AuditTable): AuditRecord => ({
  id: row.id,
  at: row.at,
  actor: actorOf(row),
  ...entryOf(row),
})

function actorOf({ actor_kind: kind, actor_id: id, actor_name, actor_deployment_id }: AuditTable): Actor {
  switch (kind) {
    case 'api-key':
      return { kind, id, name: actor_name ?? '' }
    case 'agent-token':
      return { kind, id, deploymentId: actor_deployment_id ?? '' }
    case 'response-token':
      return { kind, id }
  }
}

const entryOf = (row: AuditTable): Omit<AuditEntry, 'actor'> => ({
  address: row.address,
  method: row.method,
  action: row.action,
  deploymentId: row.deployment_id,
  deploymentName: row.deployment_name,
  command: row.command,
  invocationId: row.invocation_id,
  tokenId: row.token_id,
  outcome: row.outcome,
  status: row.status,
  code: row.code as ErrorCode | null,
  requestId: row.request_id,
  calls: row.calls,
})
