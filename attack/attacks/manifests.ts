/** Publishing what nobody can keep: `POST /v1/agent/session`. */
import { Breach, type Arena, type Attack } from '../attack.js'

const attack = (name: string, without: string, run: Attack['run']): Attack => ({
  ...{ name, without, run },
  mayReach: 'nothing',
  speaksGrpc: false,
})

type Publish = (functionName: string, schemaBytes?: number) => Promise<number>

/** For a deployment of its own, whose functions are nobody's loss. */
async function publisher({ url, newDeployment }: Arena, name: string): Promise<Publish> {
  const { agentToken } = await newDeployment(name)
  return async (functionName, schemaBytes = 0) => {
    const commands = [{ name: 'run', policy: {}, params: { description: 'x'.repeat(schemaBytes) } }]
    const response = await fetch(`${url}/v1/agent/session`, {
      method: 'POST',
      headers: { authorization: `Bearer ${agentToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ function: functionName, commands }),
    })
    await response.arrayBuffer()
    return response.status
  }
}

/** @throws {Breach} when more come in than `atMost`, or one is answered with another status than 200 and 409 */
async function publishMany(publish: Publish, count: number, schemaBytes: number, atMost: number): Promise<string> {
  const statuses: number[] = []
  for (let index = 0; index < count; index += 1) statuses.push(await publish(`fn-${index}`, schemaBytes))
  const wrong = statuses.find((status) => status !== 200 && status !== 409)
  if (wrong !== undefined) throw new Breach(`answered ${wrong}`)
  const taken = statuses.filter((status) => status === 200).length
  if (taken > atMost) throw new Breach(`${taken} functions were taken`)
  return `${taken} of ${count} functions were taken`
}

const BAD_NAMES = [
  '\0',
  'a\0b',
  '../../other',
  'raw\n',
  'A',
  'a/b',
  '-a',
  'é',
  ' ',
  'x'.repeat(64),
  '__proto__',
  '\ud800',
]

export const MANIFEST_ATTACKS: readonly Attack[] = [
  attack('publish functions without end', 'would fill the registry', async (arena) =>
    publishMany(await publisher(arena, 'many-corp'), 60, 0, 50),
  ),
  attack('publish large schemas for many functions', 'would take the memory of whoever lists them', async (arena) =>
    publishMany(await publisher(arena, 'large-corp'), 5, 900_000, 2),
  ),
  attack('publish functions whose names are none', 'would name queues as it likes', async (arena) => {
    const publish = await publisher(arena, 'named-corp')
    for (const name of BAD_NAMES) {
      const status = await publish(name)
      if (status !== 400) throw new Breach(`${JSON.stringify(name)} was answered ${status}`)
    }
    return `${BAD_NAMES.length} names answered 400`
  }),
]
