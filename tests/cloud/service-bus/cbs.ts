/**
 * Claims-based security: a client puts a token for a queue before it opens links to it. A shared access signature is
 * checked as the service does: who signed it, what for, and until when. What it does not model: tokens of Entra.
 */
import rhea, { type Message } from 'rhea'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { queueOf } from './addresses.js'
import { notFound } from './conditions.js'
import type { NodeAnswer } from './request-node.js'

export type Right = 'Send' | 'Listen' | 'Manage'

interface Key {
  readonly key: string
  readonly rights: readonly Right[]
}

/** The namespace's keys, each with the rights that it gives. */
export class SharedKeys {
  readonly #keys = new Map<string, Key>()

  /** Another key. */
  create(rights: readonly Right[]): { readonly name: string; readonly key: string } {
    const name = `key-${this.#keys.size + 1}`
    const key = randomBytes(32).toString('base64')
    this.#keys.set(name, { key, rights })
    return { name, key }
  }

  /** What the token gives for `audience`; else what is wrong with it, in the service's words. */
  rightsOf(token: string, audience: string): readonly Right[] | string {
    const fields = new Map(
      token
        .replace(/^SharedAccessSignature /, '')
        .split('&')
        .map((field) => field.split(/=(.*)/s, 2) as [string, string]),
    )
    const [sr = '', sig = '', se = '', skn = ''] = ['sr', 'sig', 'se', 'skn'].map((name) => fields.get(name))
    const key = this.#keys.get(decodeURIComponent(skn))
    if (key === undefined) return 'InvalidSignature: The token has an invalid signature.'
    const signature = createHmac('sha256', key.key).update(`${sr}\n${se}`).digest()
    const given = Buffer.from(decodeURIComponent(sig), 'base64')
    if (given.length !== signature.length || !timingSafeEqual(given, signature)) {
      return 'InvalidSignature: The token has an invalid signature.'
    }
    if (Number(se) * 1_000 < Date.now()) return `ExpiredToken: The token is expired. Expiration time: ${se}.`
    const resource = decodeURIComponent(sr).replace(/\/$/, '').toLowerCase()
    if (audience.toLowerCase().startsWith(resource)) return key.rights
    return 'InvalidAudience: The authorization header contains a token with a wrong audience.'
  }
}

/** What one connection may do, by queue. */
export class Claims {
  readonly #rights = new Map<string, readonly Right[]>()
  readonly #keys: SharedKeys
  readonly #hasQueue: (name: string) => boolean

  constructor(keys: SharedKeys, hasQueue: (name: string) => boolean) {
    this.#keys = keys
    this.#hasQueue = hasQueue
  }

  allow(queue: string, right: Right): boolean {
    return this.#rights.get(queue)?.includes(right) === true
  }

  /** Answers a `put-token`. */
  readonly put = ({ body, application_properties: properties }: Message): NodeAnswer => {
    const audience = String(properties?.['name'])
    const rights = this.#keys.rightsOf(String(body), audience)
    if (typeof rights === 'string') return answer(401, rights)
    const queue = queueOf(audience)
    if (!this.#hasQueue(queue)) return answer(404, notFound(audience).description ?? '')
    this.#rights.set(queue, rights)
    return answer(202, 'Accepted')
  }
}

const answer = (status: number, description: string): NodeAnswer => ({
  properties: { 'status-code': rhea.types.wrap_int(status), 'status-description': description },
})
