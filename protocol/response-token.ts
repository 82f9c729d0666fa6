/**
 * Response tokens: with one, the handler runtime of a push deployment reports on one attempt of one invocation, and can
 * do nothing else.
 *
 *   "rsp_" base64url( version (1) | key id (4) | attempt (4) | expiry, ms since 1970 (8) | run (16) | HMAC-SHA256 (32) )
 *
 * The HMAC is over all before it and the invocation's id, which a token does not have. The run is that of the workflow: an
 * invocation's id may be used again once Temporal has forgotten it, after days, and a command without a time-out has a
 * token that is good for a year. The HMAC's key is derived from a sealing key of the registry, so that what signs here
 * seals nothing there. Stateless: every control plane with the same keys accepts what another signed.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

const PREFIX = 'rsp_'
const VERSION = 2
const KEY_ID_BYTES = 4
const ATTEMPT_AT = 1 + KEY_ID_BYTES
const EXPIRY_AT = ATTEMPT_AT + 4
const RUN_AT = EXPIRY_AT + 8
const RUN_BYTES = 16
const HEADER_BYTES = RUN_AT + RUN_BYTES
const MAC_BYTES = 32
const LABEL = 'alien response token'

/** What a token is for. */
export interface ResponseSubject {
  readonly attempt: number
  /** Of the workflow, as Temporal names it: a UUID. */
  readonly workflowRunId: string
}

export interface ResponseTicket extends ResponseSubject {
  readonly invocationId: string
  /** When it stops being good, ms since 1970. */
  readonly expiresAtMs: number
}

interface SigningKey {
  readonly id: Buffer
  readonly key: Buffer
}

export class ResponseTokens {
  #keys: readonly [SigningKey, ...SigningKey[]]

  /** @param keys sealing keys: the first signs, all verify */
  constructor(keys: readonly [Buffer, ...Buffer[]]) {
    this.#keys = signingKeys(keys)
  }

  /** These from now on, as in the constructor. */
  use(keys: readonly [Buffer, ...Buffer[]]): void {
    this.#keys = signingKeys(keys)
  }

  issue({ invocationId, attempt, workflowRunId, expiresAtMs }: ResponseTicket): string {
    const [{ id, key }] = this.#keys
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUInt8(VERSION)
    id.copy(header, 1)
    header.writeUInt32BE(attempt, ATTEMPT_AT)
    header.writeDoubleBE(expiresAtMs, EXPIRY_AT)
    header.write(workflowRunId.replaceAll('-', ''), RUN_AT, 'hex')
    return PREFIX + Buffer.concat([header, mac(key, header, invocationId)]).toString('base64url')
  }

  /** What it is for; `undefined` when it is not ours, not for this invocation, was altered, or has expired. */
  verify(token: string, invocationId: string): ResponseSubject | undefined {
    const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url')
    // Decoding is lenient, and one token is not to have many spellings.
    if (token !== PREFIX + bytes.toString('base64url')) return undefined
    if (bytes.length !== HEADER_BYTES + MAC_BYTES || bytes[0] !== VERSION) return undefined
    const header = bytes.subarray(0, HEADER_BYTES)
    const id = header.subarray(1, ATTEMPT_AT)
    const signing = this.#keys.find((one) => one.id.equals(id))
    if (signing === undefined) return undefined
    if (!timingSafeEqual(mac(signing.key, header, invocationId), bytes.subarray(HEADER_BYTES))) return undefined
    if (header.readDoubleBE(EXPIRY_AT) <= Date.now()) return undefined
    return { attempt: header.readUInt32BE(ATTEMPT_AT), workflowRunId: uuidOf(header.subarray(RUN_AT)) }
  }
}

const uuidOf = (bytes: Buffer): string => bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')

const mac = (key: Buffer, header: Buffer, invocationId: string): Buffer =>
  createHmac('sha256', key).update(header).update(invocationId).digest()

const signingKeys = ([first, ...rest]: readonly [Buffer, ...Buffer[]]): [SigningKey, ...SigningKey[]] => [
  signingKey(first),
  ...rest.map(signingKey),
]

/** The id of a key is the beginning of its hash, so that no replica needs to be told it. */
function signingKey(sealingKey: Buffer): SigningKey {
  const key = Buffer.from(hkdfSync('sha256', sealingKey, '', LABEL, 32))
  return { key, id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES) }
}
