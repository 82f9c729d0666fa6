/** Learning from how long a refusal takes what was wrong with a token. */
import { status } from '@grpc/grpc-js'
import { once } from 'node:events'
import { connect, type ClientHttp2Session } from 'node:http2'
import { connect as dial } from 'node:net'
import { Pool } from 'undici'
import { median, percentile } from '../../bench/statistics.js'
import { Breach, type Arena, type Attack, type Scale } from '../attack.js'
import { WORKFLOW_SERVICE } from '../hostile-client.js'
import { grpcHeaders } from '../http2-peer.js'

const attack = (door: string, tryWith: (arena: Arena) => Try): Attack => ({
  name: `tell what is wrong with a token by how long ${door} takes`,
  without: 'would tell which tokens exist',
  run: async (arena, scale) => tellApart(arena, scale, tryWith(arena)),
  mayReach: 'nothing',
  speaksGrpc: false,
})

/** Comes in with bad tokens, and gives what ends the series. */
interface Try {
  /** Gives what shows one token, once there is a connection for it: what that costs tells of no token. */
  readonly ready: () => Promise<(token: string) => Promise<void>>
  readonly close: () => unknown
}

/** Medians may differ by so much of the whole, and by what a machine's own restlessness makes of equal tries. */
const TOLERANCE = 0.05
/** Few tries show only what is gross, like a look-up that is left out. */
const FEW_TRIES = 1_000
const TOLERANCE_OF_FEW = 0.5
const NOISE_FACTOR = 4

const random = (length: number): string => {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return Array.from({ length }, () => letters[Math.floor(Math.random() * letters.length)]).join('')
}

/** Of each kind; `again` is like `unknown`, to see how much equal ones differ. */
async function badTokens({ ask, evil }: Arena): Promise<Record<string, () => string>> {
  const [expired, revoked] = [
    await ask({ kind: 'token', deploymentId: evil.id, state: 'expired' }),
    await ask({ kind: 'token', deploymentId: evil.id, state: 'revoked' }),
  ]
  const unknown = (): string => `agt_${random(43)}`
  return {
    unknown,
    again: unknown,
    malformed: () => `agt_${random(5)}`,
    expired: () => expired.token,
    revoked: () => revoked.token,
  }
}

async function tellApart(arena: Arena, { tries }: Scale, { ready, close }: Try): Promise<string> {
  const kinds = Object.entries(await badTokens(arena))
  const tookUs = new Map<string, number[]>(kinds.map(([kind]) => [kind, []]))
  try {
    // The first ones pay for what is made once.
    for (let round = -Math.ceil(tries / 10); round < tries; round += 1) {
      // In turns, each kind as often first, so that what disturbs the machine disturbs all alike.
      for (let turn = 0; turn < kinds.length; turn += 1) {
        const [kind, make] = kinds[(turn + round + tries) % kinds.length] ?? ['', () => '']
        const token = make()
        const come = await ready()
        const startMs = performance.now()
        await come(token)
        if (round >= 0) tookUs.get(kind)?.push((performance.now() - startMs) * 1_000)
      }
    }
  } finally {
    await close()
  }
  return compare(tookUs, tries < FEW_TRIES ? TOLERANCE_OF_FEW : TOLERANCE)
}

/** @throws {Breach} when the medians are further apart than chance has them */
function compare(tookUs: ReadonlyMap<string, readonly number[]>, tolerance: number): string {
  const medians = new Map([...tookUs].map(([kind, values]) => [kind, median(values)]))
  const all = [...tookUs.values()].flat().sort((a, b) => a - b)
  const whole = percentile(all, 50)
  const noise = Math.abs((medians.get('unknown') ?? 0) - (medians.get('again') ?? 0))
  const allowed = Math.max(whole * tolerance, noise * NOISE_FACTOR)
  const apart = Math.max(...medians.values()) - Math.min(...medians.values())
  const told = [...medians].map(([kind, value]) => `${kind} ${Math.round(value)}`).join(', ')
  const figures = `medians in µs: ${told}; ${Math.round(apart)} apart, ${Math.round(allowed)} is chance`
  if (apart > allowed) throw new Breach(figures)
  return figures
}

/** An address is held off once it shows too many wrong tokens, which would take another time: so they come from many. */
const ADDRESSES = 40

/** The next of them for each. */
function inTurns<Way>(ways: readonly Way[]): () => Way {
  let turn = 0
  return () => ways[(turn += 1) % ways.length] as Way
}

const sources = (): string[] => Array.from({ length: ADDRESSES }, (_, index) => `127.0.${index + 1}.2`)

/** A connection to the gateway ends at the tenth wrong token. */
const TOKENS_PER_CONNECTION = 9

/** Comes from one address to the gateway, over one connection after the other. */
class Guest {
  readonly #dial: () => ClientHttp2Session
  readonly #goodToken: string
  #session: ClientHttp2Session | undefined
  #left = 0

  constructor({ host, port, evil }: Arena, localAddress: string) {
    this.#goodToken = evil.token
    this.#dial = () => connect(`http://${host}:${port}`, { createConnection: () => dial({ host, port, localAddress }) })
  }

  /** On which one more wrong token may be shown. */
  async connection(): Promise<ClientHttp2Session> {
    let session = this.#session
    if (session === undefined || this.#left === 0) {
      this.leave()
      session = this.#dial()
      this.#session = session
      this.#left = TOKENS_PER_CONNECTION
      // Where nobody says who they are, a connection ends after a while, which is no answer.
      await statusOver(session, this.#goodToken)
    }
    this.#left -= 1
    return session
  }

  leave(): void {
    this.#session?.destroy()
  }
}

function atTheGateway(arena: Arena): Try {
  const guests = sources().map((address) => new Guest(arena, address))
  const next = inTurns(guests)
  return {
    ready: async () => {
      const session = await next().connection()
      return async (token) => {
        const code = await statusOver(session, token)
        if (code !== String(status.UNAUTHENTICATED)) throw new Breach(`answered ${code}`)
      }
    },
    close: () => guests.forEach((guest) => guest.leave()),
  }
}

/** gRPC's, of a call that reaches no further than the door. */
async function statusOver(session: ClientHttp2Session, token: string): Promise<string> {
  const headers = grpcHeaders(`/${WORKFLOW_SERVICE}/Nothing`, ['authorization', `Bearer ${token}`])
  const stream = session.request(Object.fromEntries(headers), { endStream: true })
  const [answer] = (await once(stream, 'response')) as [Record<string, string>]
  stream.resume()
  return answer['grpc-status'] ?? ''
}

function atTheApi({ url }: Arena): Try {
  const pools = sources().map((localAddress) => new Pool(url, { localAddress, connections: 1 }))
  const next = inTurns(pools)
  const come = async (token: string): Promise<void> => {
    const headers = { authorization: `Bearer ${token}` }
    const { statusCode, body } = await next().request({ method: 'POST', path: '/v1/agent/session', headers })
    await body.dump()
    if (statusCode !== 401) throw new Breach(`answered ${statusCode}`)
  }
  return {
    ready: () => Promise.resolve(come),
    close: () => Promise.all(pools.map((pool) => pool.close())),
  }
}

export const TIMING_ATTACKS: readonly Attack[] = [
  attack("the gateway's refusal", atTheGateway),
  attack("the API's refusal", atTheApi),
]
