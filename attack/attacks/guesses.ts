/** Calls by the thousand, from the address that innocent agents share, as behind one router: of wrong tokens, or of one. */
import { status } from '@grpc/grpc-js'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { median } from '../../bench/statistics.js'
import { Breach, type Arena, type Attack, type Scale } from '../attack.js'
import { HostileClient } from '../hostile-client.js'
import { FLOODER } from '../programs.js'

interface Door {
  readonly name: 'gateway' | 'api'
  /** In HTTP/1.1, each call under way has one of its own. */
  readonly connections: number
  /** Statuses of a call that was looked at, and of one that was not. */
  readonly seen: number
  readonly unseen: number
  /** How many are looked at, twice as many at once: the defaults of `--rate-limit` and `--agent-rate-limit`. */
  readonly perSecond: number
}

const GATEWAY: Door = {
  name: 'gateway',
  connections: 4,
  seen: status.UNAUTHENTICATED,
  unseen: status.RESOURCE_EXHAUSTED,
  perSecond: 100,
}
const API: Door = { name: 'api', connections: 200, seen: 401, unseen: 429, perSecond: 100 }
const GATEWAY_OF_KNOWN: Door = { ...GATEWAY, seen: status.PERMISSION_DENIED, perSecond: 2_000 }
/** Before and after the time that is measured. */
const SLACK_SECONDS = 2
/** A good token that nobody has seen before. */
const LET_IN_WITHIN_MS = 5_000
/** With half of the machine's two cores at the flood, and Temporal's work on the other. */
const TIMES_AS_LONG = 4
const EVERY_MS = 50

const flood =
  (door: Door, token?: (arena: Arena) => string) =>
  async (arena: Arena, { oneByOne }: Scale): Promise<string> => {
    const calls = oneByOne ? 100 : 10
    const quietMs = await echoes(arena, calls)
    const { name, connections } = door
    const attacker = fork(FLOODER, [JSON.stringify({ url: arena.url, door: name, connections, token: token?.(arena) })])
    try {
      await once(attacker, 'message')
      const startMs = performance.now()
      await delay(1_000)
      const besideMs = await echoes(arena, calls)
      const newcomerMs = await untilLetIn(arena)
      const answers = await endOf(attacker)
      const seconds = (performance.now() - startMs) / 1_000
      assertHeldOff(door, answers, seconds)
      if (oneByOne && besideMs > quietMs * TIMES_AS_LONG) {
        throw new Breach(`an invocation took ${Math.round(besideMs)} ms beside it, ${Math.round(quietMs)} without`)
      }
      const total = Object.values(answers).reduce((sum, count) => sum + count, 0)
      return `${Math.round(total / seconds)} calls a second, ${answers[door.seen] ?? 0} were looked at; an invocation took ${Math.round(besideMs)} ms beside it, ${Math.round(quietMs)} without; a new agent was let in after ${Math.round(newcomerMs)} ms`
    } finally {
      attacker.kill()
    }
  }

/** Median of invocations, with pauses: of a caller who is in no hurry. */
async function echoes({ acme }: Arena, count: number): Promise<number> {
  const tookMs: number[] = []
  for (let call = 0; call < count; call += 1) {
    const startMs = performance.now()
    await acme.commands.invoke('echo', { value: call }, { timeoutMs: 30_000 })
    tookMs.push(performance.now() - startMs)
    await delay(EVERY_MS)
  }
  return median(tookMs)
}

/** Of an agent that was never here, and comes again as agents do. @throws {Breach} when it is sent away for good */
async function untilLetIn({ ask, evil, host, port }: Arena): Promise<number> {
  const { token } = await ask({ kind: 'token', deploymentId: evil.id })
  const client = new HostileClient(`${host}:${port}`, token)
  const startMs = performance.now()
  try {
    for (;;) {
      const { code } = await client.call({ method: 'GetSystemInfo' })
      const tookMs = performance.now() - startMs
      if (code === 'OK') return tookMs
      if (code !== 'RESOURCE_EXHAUSTED') throw new Breach(`a new agent was answered ${code}`)
      if (tookMs > LET_IN_WITHIN_MS) throw new Breach(`a new agent was kept out for ${Math.round(tookMs)} ms`)
      await delay(500)
    }
  } finally {
    client.close()
  }
}

type Answers = Readonly<Record<string, number>>

async function endOf(attacker: ReturnType<typeof fork>): Promise<Answers> {
  const answers = once(attacker, 'message') as Promise<[Answers]>
  attacker.send('end')
  return (await answers)[0]
}

function assertHeldOff({ seen, unseen, perSecond }: Door, answers: Answers, seconds: number): void {
  const looked = answers[seen] ?? 0
  const allowed = Math.ceil(perSecond * (seconds + SLACK_SECONDS))
  if (looked > allowed) throw new Breach(`${looked} calls were looked at in ${Math.round(seconds)} s`)
  for (const code of Object.keys(answers)) {
    if (![String(seen), String(unseen), 'gone'].includes(code)) {
      throw new Breach(`answered ${code}`)
    }
  }
}

const attack = (name: string, without: string, run: Attack['run']): Attack => ({
  ...{ name, without, run },
  mayReach: 'vendor',
  speaksGrpc: false,
})

const GUESSED = 'would keep the registry from everybody else'

export const GUESS_ATTACKS: readonly Attack[] = [
  attack('try as many tokens as fit down the line', GUESSED, flood(GATEWAY)),
  attack('try as many tokens as fit down the lines of HTTP/1.1', GUESSED, flood(API)),
  attack(
    'call as often as fits down the line, with a token',
    'would keep everybody else from being heard',
    flood(GATEWAY_OF_KNOWN, ({ evil }) => evil.token),
  ),
]
