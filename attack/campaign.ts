/** All attacks, one after the other, and what is left after them. */
import { openOrClose, type Closers } from '../workers/closers.js'
import { Breach, type Arena, type Attack, type Scale } from './attack.js'
import { ATTACKS } from './attacks/index.js'
import { openBattlefield, type Battlefield, type Side } from './battlefield.js'
import type { Memory } from './control-plane.js'
import { HostileClient } from './hostile-client.js'
import { judge, type Bystander, type Verdict } from './judge.js'
import { assertSlim, memoryOf } from './memory.js'
import { ordinaryDay } from './ordinary-day.js'
import { takeRawTask } from './raw-task.js'

export interface Report {
  readonly verdicts: readonly Verdict[]
  /** Of those run without the gateway. */
  readonly undefended: readonly Verdict[]
  readonly aftermath: Aftermath
}

/** What must hold once all attacks are over. */
interface Aftermath {
  /** Of the control plane, when it has hardly done anything. */
  readonly memoryAtFirst: Memory
  /** After a day's work. */
  readonly memoryBefore: Memory
  readonly memoryAfter: Memory
  /** What does not hold; empty when all is well. */
  readonly damage: readonly string[]
}

export interface CampaignOptions {
  readonly scale: Scale
  /** Default: all. */
  readonly only?: (attack: Attack) => boolean
  /** Which to run once more at the end, straight at Temporal. Default: none. */
  readonly undefended?: (attack: Attack) => boolean
  readonly onVerdict?: (verdict: Verdict) => void
}

export async function runCampaign(options: CampaignOptions): Promise<Report> {
  let closeAll: () => Promise<void> = () => Promise.resolve()
  try {
    return await openOrClose(async (closers) => {
      closeAll = () => closers.close()
      return fight(await openArena(closers), options)
    })
  } finally {
    await closeAll()
  }
}

interface OpenArena {
  readonly arena: Arena
  readonly bystanders: readonly Bystander[]
}

async function openArena(closers: Closers): Promise<OpenArena> {
  const field = await openBattlefield(closers)
  const [evilTask, acmeTask] = [await takeRawTask(field, field.evil), await takeRawTask(field, field.acme)]
  closers.add(evilTask.abandon)
  closers.add(acmeTask.abandon)
  // What evil-corp does to its own commands is its own affair.
  const held = [await hold(field.acme), acmeTask.invocationId]
  const bystanders = await Promise.all(held.map((id) => bystander(field, id)))
  return { arena: { ...field, evilTask, acmeTask }, bystanders }
}

/** Starts a command that runs until the end of it all, and waits until its agent has it. */
async function hold({ commands }: Side): Promise<string> {
  const handle = await commands.start('hold')
  while ((await handle.status()) !== 'running');
  return handle.id
}

async function bystander({ temporal }: Battlefield, invocationId: string): Promise<Bystander> {
  return { invocationId, events: (await temporal.workflow.getHandle(invocationId).describe()).historyLength }
}

async function fight({ arena, bystanders }: OpenArena, options: CampaignOptions): Promise<Report> {
  const { scale, only = () => true, onVerdict = () => undefined } = options
  const verdicts: Verdict[] = []
  await normalCalls(arena)
  const memoryAtFirst = await memoryOf(arena)
  await ordinaryDay(arena, scale)
  const memoryBefore = await memoryOf(arena)
  for (const group of groupsOf(ATTACKS.filter(only), scale)) {
    const judged = await Promise.all(group.map((attack) => judge(attack, arena, scale, bystanders)))
    verdicts.push(...judged)
    judged.forEach(onVerdict)
  }
  const damage: string[] = []
  await normalCalls(arena).catch((error: unknown) => damage.push(String(error)))
  await assertSlim(arena, memoryBefore, scale).catch((error: unknown) => damage.push(String(error)))
  const memoryAfter = await memoryOf(arena)
  const undefended = await runUndefended(arena, options)
  return { verdicts, undefended, aftermath: { memoryAtFirst, memoryBefore, memoryAfter, damage } }
}

/** Attacks that wait do so side by side, when they may reach the same. */
function groupsOf(attacks: readonly Attack[], { oneByOne }: Scale): Attack[][] {
  const groups: Attack[][] = []
  for (const attack of attacks) {
    const isBeside = ([first]: Attack[]) => first?.waits && first.mayReach === attack.mayReach
    const beside = oneByOne || !attack.waits ? undefined : groups.find(isBeside)
    if (beside) beside.push(attack)
    else groups.push([attack])
  }
  return groups
}

/** The same attacks with no gateway before Temporal: that they get through there shows that the gateway stops them. */
async function runUndefended(arena: Arena, { scale, undefended }: CampaignOptions): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = []
  const [host = '', port] = arena.recorder.address.split(':')
  const hostile = new HostileClient(arena.recorder.address, arena.evil.token)
  try {
    for (const attack of ATTACKS.filter((each) => each.speaksGrpc && undefended?.(each))) {
      verdicts.push(await judge(attack, { ...arena, host, port: Number(port), hostile }, scale, []))
    }
  } finally {
    hostile.close()
  }
  return verdicts
}

/** What a day is made of. @throws {Breach} */
async function normalCalls({ acme, evil }: Arena): Promise<void> {
  for (const { name, commands } of [acme, evil]) {
    const result = await commands.invoke('echo', { value: name }, { timeoutMs: 10_000 })
    if (result !== name) throw new Breach(`${name} answered ${JSON.stringify(result)}`)
  }
}
