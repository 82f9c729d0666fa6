/** Learning from how long a refusal takes what was wrong with a token. */
import { setTimeout as delay } from 'node:timers/promises'
import { median, percentile } from '../../bench/statistics.js'
import { Breach, type Arena, type Attack, type Scale } from '../attack.js'
import { HostileClient, service } from '../hostile-client.js'
import { NAMESPACE } from '../battlefield.js'

const attack = (door: string, tryWith: (arena: Arena) => Try): Attack => ({
  name: `tell what is wrong with a token by how long ${door} takes`,
  without: 'would tell which tokens exist',
  run: (arena, scale) => tellApart(arena, scale, tryWith(arena)),
  mayReach: 'nothing',
  speaksGrpc: false,
})

/** Comes in with a bad token, and gives what ends the series. */
interface Try {
  readonly come: (token: string) => Promise<void>
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

async function tellApart(arena: Arena, { tries }: Scale, { come, close }: Try): Promise<string> {
  const kinds = Object.entries(await badTokens(arena))
  const tookUs = new Map<string, number[]>(kinds.map(([kind]) => [kind, []]))
  try {
    // The first ones pay for what is made once.
    for (let round = -Math.ceil(tries / 10); round < tries; round += 1) {
      // In turns, each kind as often first, so that what disturbs the machine disturbs all alike.
      for (let turn = 0; turn < kinds.length; turn += 1) {
        const [kind, make] = kinds[(turn + round + tries) % kinds.length] ?? ['', () => '']
        const token = make()
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

const RATE_LIMITED_MS = 2_000

const describeNamespace = service.DescribeNamespaceRequest.encode({ namespace: NAMESPACE }).finish()

function atTheGateway({ host, port, evil }: Arena): Try {
  const client = new HostileClient(`${host}:${port}`, evil.token)
  // Where nobody says who they are, a connection ends after a while, which is no answer.
  const known = client.call({ method: '/nobody.Knows/This' })
  return {
    come: async (token) => {
      await known
      const authorization = `Bearer ${token}`
      const { code } = await client.call({ method: 'DescribeNamespace', request: describeNamespace, authorization })
      if (code !== 'UNAUTHENTICATED') throw new Breach(`answered ${code}`)
    },
    close: () => client.close(),
  }
}

/** The token is looked at before the address is held off, so a 429 takes as long. */
const atTheApi = ({ url }: Arena): Try => ({
  come: async (token) => {
    const response = await fetch(`${url}/v1/agent/session`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    await response.text()
    if (response.status !== 401 && response.status !== 429) throw new Breach(`answered ${response.status}`)
  },
  // Until the address may call again.
  close: () => delay(RATE_LIMITED_MS),
})

export const TIMING_ATTACKS: readonly Attack[] = [
  attack("the gateway's refusal", atTheGateway),
  attack("the API's refusal", atTheApi),
]
