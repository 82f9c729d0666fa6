/** What a control plane sees on any day, before which its memory is that of one that nobody uses. */
import { inLanes } from '../bench/lanes.js'
import { Breach, type Scale } from './attack.js'
import type { Battlefield } from './battlefield.js'
import { HostileClient, type GrpcAnswer } from './hostile-client.js'

/** Agents that come back at once. */
const FLEET = 500
const INVOCATIONS = 1_000
const AT_ONCE = 16
/** Every hundredth invocation is a large one. */
const [SMALL_BYTES, LARGE_BYTES] = [10_000, 1_000_000]

/** Agents dial, commands are invoked, the agents leave; at most as many of either as attacks make connections. */
export async function ordinaryDay({ host, port, acme }: Battlefield, { connections }: Scale): Promise<void> {
  const fleet = Array.from(
    { length: Math.min(FLEET, connections) },
    () => new HostileClient(`${host}:${port}`, acme.keeperToken),
  )
  try {
    allOk(await Promise.all(fleet.map((agent) => agent.call({ method: 'GetSystemInfo' }))))
    await inLanes(Math.min(INVOCATIONS, connections), AT_ONCE, async (index) => {
      await acme.commands.invoke('echo', { value: 'x'.repeat(index % 100 === 99 ? LARGE_BYTES : SMALL_BYTES) })
    })
  } finally {
    for (const agent of fleet) agent.close()
  }
}

function allOk(answers: readonly GrpcAnswer[]): void {
  const refused = answers.find(({ code }) => code !== 'OK')
  if (refused) throw new Breach(`one of ${answers.length} agents that came at once was answered ${refused.code}`)
}
