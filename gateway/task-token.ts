/**
 * Task tokens as agents see them. Temporal's own are unsigned protobuf: whoever knows a workflow's ids can make one. So
 * an agent gets each sealed: encrypted, authenticated, bound to its deployment, good for as long as the attempt may run.
 *
 *   version (1) | key id (4) | nonce (12) | AES-256-GCM of (expiry, ms since 1970 (8) | Temporal's token) | tag (16)
 *
 * The version, the key id and the deployment's id are authenticated along. Stateless: every control plane with the same
 * keys opens what another sealed.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'

const VERSION = 1
const KEY_ID_BYTES = 4
const NONCE_BYTES = 12
const TAG_BYTES = 16
const EXPIRY_BYTES = 8
const HEADER_BYTES = 1 + KEY_ID_BYTES
const ALGORITHM = 'aes-256-gcm'

const SEALING_KEY_BYTES = 32

interface SealingKey {
  readonly id: Buffer
  readonly key: Buffer
}

export class TaskTokenSeal {
  #sealing: SealingKey
  #byId: ReadonlyMap<string, SealingKey>

  /** @param keys of 32 bytes each: the first seals, all open */
  constructor(keys: readonly [Buffer, ...Buffer[]]) {
    this.#sealing = withId(keys[0])
    this.#byId = byId(keys)
  }

  /** These from now on, as in the constructor. */
  use(keys: readonly [Buffer, ...Buffer[]]): void {
    this.#sealing = withId(keys[0])
    this.#byId = byId(keys)
  }

  /** @param expiresAtMs when it stops being good, ms since 1970 */
  seal(token: Uint8Array, deploymentId: string, expiresAtMs: number): Buffer {
    const header = Buffer.concat([Buffer.of(VERSION), this.#sealing.id])
    const nonce = randomBytes(NONCE_BYTES)
    const cipher = createCipheriv(ALGORITHM, this.#sealing.key, nonce)
    cipher.setAAD(Buffer.concat([header, Buffer.from(deploymentId)]))
    const expiry = Buffer.alloc(EXPIRY_BYTES)
    expiry.writeDoubleBE(expiresAtMs)
    return Buffer.concat([
      header,
      nonce,
      cipher.update(expiry),
      cipher.update(token),
      cipher.final(),
      cipher.getAuthTag(),
    ])
  }

  /** Temporal's token; `undefined` when it was not sealed by us for this deployment, was altered, or has expired. */
  open(sealed: Uint8Array, deploymentId: string): Buffer | undefined {
    if (sealed.length < HEADER_BYTES + NONCE_BYTES + EXPIRY_BYTES + TAG_BYTES || sealed[0] !== VERSION) return undefined
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
    const header = bytes.subarray(0, HEADER_BYTES)
    const entry = this.#byId.get(header.subarray(1).toString('hex'))
    if (entry === undefined) return undefined
    const nonce = bytes.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES)
    const decipher = createDecipheriv(ALGORITHM, entry.key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.concat([header, Buffer.from(deploymentId)]))
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const plain = decipher.update(bytes.subarray(HEADER_BYTES + NONCE_BYTES, -TAG_BYTES))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    return plain.readDoubleBE() > Date.now() ? plain.subarray(EXPIRY_BYTES) : undefined
  }
}

const byId = (keys: readonly Buffer[]): ReadonlyMap<string, SealingKey> =>
  new Map(keys.map(withId).map((entry) => [entry.id.toString('hex'), entry]))

/** The id of a key is the beginning of its hash, so that no replica needs to be told it. */
function withId(key: Buffer): SealingKey {
  if (key.length !== SEALING_KEY_BYTES)
    throw new RangeError(`a sealing key has ${SEALING_KEY_BYTES} bytes, not ${key.length}`)
  return { key, id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES) }
}
