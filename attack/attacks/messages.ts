/** Messages that one reader takes for another than the next one does, or that no reader should take. */
import { allRefused, Breach, type Arena, type Attack } from '../attack.js'
import { NAMESPACE } from '../battlefield.js'
import { service } from '../hostile-client.js'
import { bytesField, groups, varintField } from '../protobuf-tricks.js'
import { pollRequest } from '../raw-task.js'

const attack = (
  name: string,
  without: string,
  run: Attack['run'],
  mayReach: Attack['mayReach'] = 'nothing',
): Attack => ({ name, without, run, mayReach, speaksGrpc: true })

const namespace = bytesField(1, NAMESPACE)
const queue = (name: string): Uint8Array => bytesField(2, Buffer.concat([bytesField(1, name), varintField(2, 1)]))
const heartbeat = (token: Uint8Array, ...more: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([bytesField(1, token), ...more, bytesField(4, NAMESPACE)])

const sendAll = ({ hostile }: Arena, method: string, requests: readonly Uint8Array[]) =>
  Promise.all(requests.map((request) => hostile.call({ method, request })))

async function refused(arena: Arena, method: string, ...requests: readonly Uint8Array[]): Promise<string> {
  return allRefused(await sendAll(arena, method, requests), 'INVALID_ARGUMENT', 'PERMISSION_DENIED')
}

/** Answers nobody is ashamed of: what reached Temporal is looked at afterwards. */
async function harmless(arena: Arena, method: string, ...requests: readonly Uint8Array[]): Promise<string> {
  return allRefused(
    await sendAll(arena, method, requests),
    'OK',
    'INVALID_ARGUMENT',
    'UNAVAILABLE',
    'PERMISSION_DENIED',
  )
}

const nextTurn = (): Promise<false> => new Promise((resolve) => setImmediate(() => resolve(false)))

/** Polls that nobody waits for: Temporal has held them by the time they are canceled. */
async function pollAndLeave({ hostile, recorder }: Arena, request: Uint8Array): Promise<void> {
  const before = recorder.calls.length
  const { answer, cancel } = hostile.start({ method: 'PollActivityTaskQueue', request, timeoutMs: 5_000 })
  const ended = answer.then(() => true)
  const polls = () => recorder.calls.slice(before).some(({ path }) => path.endsWith('/PollActivityTaskQueue'))
  while (!polls() && !(await Promise.race([ended, nextTurn()])));
  cancel()
  await answer
}

export const MESSAGE_ATTACKS: readonly Attack[] = [
  attack('name two namespaces', 'would be checked in one and run in the other', (arena) =>
    refused(
      arena,
      'PollActivityTaskQueue',
      Buffer.concat([namespace, bytesField(1, 'temporal-system'), queue(arena.evil.queue)]),
      Buffer.concat([bytesField(1, 'temporal-system'), namespace, queue(arena.evil.queue)]),
    ),
  ),
  attack('name two task queues', 'would be checked for one and take from the other', (arena) =>
    refused(
      arena,
      'PollActivityTaskQueue',
      Buffer.concat([namespace, queue(arena.evil.queue), queue(arena.acme.queue)]),
      Buffer.concat([namespace, queue(arena.acme.queue), queue(arena.evil.queue)]),
      // Parts of one message, which protobuf puts together.
      Buffer.concat([namespace, queue(arena.evil.queue), bytesField(2, bytesField(3, arena.acme.queue))]),
    ),
  ),
  attack(
    'give one queue two names',
    'would be checked for one and take from the other',
    async (arena) => {
      const inner = (...names: readonly string[]) =>
        Buffer.concat([
          namespace,
          bytesField(2, Buffer.concat([...names.map((n) => bytesField(1, n)), varintField(2, 1)])),
        ])
      const last = await refused(arena, 'PollActivityTaskQueue', inner(arena.evil.queue, arena.acme.queue))
      await pollAndLeave(arena, inner(arena.acme.queue, arena.evil.queue))
      return `${last}; the other way round, only the own queue arrives`
    },
    'own',
  ),
  attack(
    'hide fields that the gateway does not know',
    'would use what a newer Temporal reads from them',
    async (arena) => {
      const unknown = [
        bytesField(99, arena.acme.queue),
        varintField(536_870_911, 1),
        bytesField(1_000, new Uint8Array(9)),
      ]
      const inQueue = bytesField(2, Buffer.concat([bytesField(1, arena.evil.queue), varintField(2, 1), ...unknown]))
      await pollAndLeave(arena, Buffer.concat([namespace, inQueue, ...unknown]))
      const beat = heartbeat(arena.evilTask.sealed, bytesField(2, Buffer.concat(unknown)), ...unknown)
      return harmless(arena, 'RecordActivityTaskHeartbeat', beat)
    },
    'own',
  ),
  attack(
    'call oneself somebody else',
    'would be seen as the vendor in history and Web UI',
    async (arena) => {
      await pollAndLeave(arena, pollRequest(arena.evil.queue, { identity: `agent/acme-corp/${arena.acme.tokenId}` }))
      const requests = ['gateway', '', 'x'.repeat(10_000)].map((identity) =>
        service.RecordActivityTaskHeartbeatRequest.encode({
          ...{ namespace: NAMESPACE, taskToken: arena.evilTask.sealed, identity },
        }).finish(),
      )
      const answered = await harmless(arena, 'RecordActivityTaskHeartbeat', ...requests)
      const { raw } = await arena.temporal.workflow.getHandle(arena.evilTask.invocationId).describe()
      const seen = raw.pendingActivities?.[0]?.lastWorkerIdentity ?? ''
      if (!seen.startsWith('agent/evil-corp/')) throw new Breach(`Temporal has the identity ${seen}`)
      return `${answered}; Temporal has agent/evil-corp/…`
    },
    'own',
  ),
  attack('nest groups a hundred thousand deep', 'would overflow the stack of whoever reads them', (arena) =>
    refused(
      arena,
      'RecordActivityTaskHeartbeat',
      ...[1, 100, 100_000].flatMap((levels) => [
        heartbeat(arena.evilTask.sealed, groups(9, levels)),
        heartbeat(arena.evilTask.sealed, bytesField(2, groups(1, levels))),
      ]),
    ),
  ),
  attack('give fields another wire type', 'would be one thing to the gateway and another to Temporal', (arena) =>
    refused(
      arena,
      'PollActivityTaskQueue',
      Buffer.concat([varintField(1, 5), queue(arena.evil.queue)]),
      Buffer.concat([namespace, varintField(2, 5)]),
      Buffer.concat([namespace, queue(arena.evil.queue), varintField(8, 5)]),
      Buffer.concat([namespace, queue(arena.evil.queue), Buffer.of(0x45, 1, 2, 3, 4)]),
      Buffer.concat([namespace, queue(arena.evil.queue), varintField(5, 1)]),
      Buffer.concat([namespace, queue(arena.evil.queue), varintField(6, 1)]),
    ),
  ),
  attack('send nothing, noise, and halves', 'would be whatever a lenient reader makes of it', async (arena) => {
    const whole = pollRequest(arena.evil.queue)
    const halves = [1, 5, whole.length - 1].map((length) => whole.subarray(0, length))
    const noise = [Buffer.of(0), Buffer.of(0xff), Buffer.alloc(12, 0xff), Buffer.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f)]
    const methods = ['PollActivityTaskQueue', 'RespondActivityTaskCompleted', 'ShutdownWorker', 'DescribeNamespace']
    const answers = await Promise.all(
      methods.map((method) => refused(arena, method, new Uint8Array(), ...halves, ...noise)),
    )
    return answers.join('; ')
  }),
  attack('ask for versioned work', 'would take tasks that are routed by build', (arena) =>
    refused(
      arena,
      'PollActivityTaskQueue',
      pollRequest(arena.evil.queue, { workerVersionCapabilities: { buildId: 'x', useVersioning: true } }),
      pollRequest(arena.evil.queue, {
        deploymentOptions: { deploymentName: 'acme', buildId: 'x', workerVersioningMode: 2 },
      }),
    ),
  ),
]
