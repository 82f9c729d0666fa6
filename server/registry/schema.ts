/** The registry's tables, as Kysely sees them. Times are ISO 8601 text in UTC on both engines. */

export interface RegistrySchema {
  deployments: DeploymentsTable
  api_keys: ApiKeysTable
  agent_tokens: AgentTokensTable
  manifests: ManifestsTable
  audit: AuditTable
  sealing_keys: SealingKeysTable
  agents: AgentsTable
  invocation_event_streams: InvocationEventStreamsTable
  invocation_events: InvocationEventsTable
}

export interface DeploymentsTable {
  /** `dep_` and 20 base32 characters. */
  id: string
  /** Unique. */
  name: string
  created_at: string
  /** JSON of a `PushTransport`; `null` where agents pull. */
  transport: string | null
}

/** What every credential keeps: never the token itself. See `tokens.ts`. */
export interface TokenColumns {
  id: string
  /** Finds the row. Unique. */
  token_lookup: string
  /** SHA-256 of the token, hex. */
  token_hash: string
  created_at: string
  /** `null`: never. */
  expires_at: string | null
  revoked_at: string | null
}

export interface ApiKeysTable extends TokenColumns {
  name: string
  /** JSON list, as are the patterns. */
  scopes: string
  deployment_patterns: string
  command_patterns: string
}

export interface AgentTokensTable extends TokenColumns {
  deployment_id: string
  name: string
}

/** Added to, and cleared of what is old. No row refers to another, for it has to outlive what it tells of. */
export interface AuditTable {
  /** `aud_`, the time in hex and something random: sorts by time. */
  id: string
  at: string
  actor_kind: 'api-key' | 'agent-token' | 'response-token'
  actor_id: string
  /** Of an API key. */
  actor_name: string | null
  /** Of an agent token. */
  actor_deployment_id: string | null
  address: string
  method: string
  action: string
  deployment_id: string | null
  deployment_name: string | null
  command: string | null
  invocation_id: string | null
  token_id: string | null
  outcome: 'done' | 'denied' | 'failed'
  status: number
  code: string | null
  request_id: string
  calls: number
}

/** One row for each function of a deployment, since every function publishes its own commands. */
interface ManifestsTable {
  deployment_id: string
  /** `''` for the sole function. */
  function_name: string
  /** JSON list of `ManifestCommand`. */
  commands: string
  published_at: string
  /** JSON of an `Outline`: what a call asks of the commands. */
  outline: string | null
  /** `published_at` when `outline` was made. Another is there: the version before published meanwhile, and made none. */
  outlined_at: string | null
}

export interface SealingKeysTable {
  id: string
  /** Base64. Not hashed, for it must be used: whoever reads the registry can make task tokens. */
  key: string
  created_at: string
  /** `null`: it has no successor. */
  opens_until: string | null
}

/** Agents that poll, or did. */
interface AgentsTable {
  deployment_id: string
  /** What its worker calls itself: one for each start of an agent. */
  agent_key: string
  token_id: string
  host: string
  version: string
  /** Control plane that holds its polls; `null` when none does. */
  holder: string | null
  last_seen_at: string
  /** When it counts as gone unless its control plane says otherwise. */
  online_until: string
}

/** What was said while an invocation ran: one row for each that said anything. No state of it: that is Temporal's. */
export interface InvocationEventStreamsTable {
  invocation_id: string
  /**
   * Number of its newest event. They are numbered from 1, and a number is never given again. One that counts events which
   * were dropped has as many numbers as it counts, so that numbers tell how many are missing.
   */
  last_seq: number
  /** Size of all events ever written. */
  written_bytes: number
  /** The newest that said anything; what older ones still say is not kept. */
  attempt: number
  /** Number that this attempt's agent gave to the newest of its events: what comes twice is known by it. */
  attempt_seq: number
  /** 1 when this attempt has said all; else 0. */
  finished: number
  updated_at: string
}

/** Events as they were written, many to a row. Bounded: the oldest rows of an invocation make room for new ones. */
interface InvocationEventsTable {
  invocation_id: string
  last_seq: number
  first_seq: number
  /** `written_bytes` of the stream when it had these. */
  end_bytes: number
  /** JSON lines. */
  events: string
}
