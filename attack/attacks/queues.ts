/** Taking work from queues that are not the deployment's own. */
import { temporal, service } from '../hostile-client.js'
import { NAMESPACE, type Side } from '../battlefield.js'
import { allRefused, type Arena, type Attack } from '../attack.js'
import { pollRequest } from '../raw-task.js'

const poll = async ({ hostile }: Arena, ...requests: readonly Uint8Array[]): Promise<string> =>
  allRefused(
    await Promise.all(requests.map((request) => hostile.call({ method: 'PollActivityTaskQueue', request }))),
    'PERMISSION_DENIED',
    'INVALID_ARGUMENT',
  )

const taken = 'would take the tasks of acme-corp, with their params'

/** Names that a careless comparison, or Temporal's own rules for names, might take for another. */
const spellings = ({ id, queue }: Side, own: Side): readonly string[] => [
  '',
  '*',
  id,
  `${queue} `,
  ` ${queue}`,
  `${queue}\0`,
  `${own.queue}\0${queue}`,
  `${own.queue}\0`,
  `${own.queue}/../${queue}`,
  `${own.queue}//raw`,
  `${own.queue}/`,
  `${own.queue}/RAW`,
  own.queue.toUpperCase(),
  own.queue.replace('-', '\u2010'),
  own.queue.replace('d', '\u{1d41d}'),
  `${own.queue}\u200b`,
  `${own.queue}\u0301`,
  `\ufeff${own.queue}`,
  // How Temporal itself calls a partition of a queue.
  `/_sys/${queue}/1`,
  `/_sys/${own.queue}/1`,
  `/__temporal_sys/${queue}`,
  `${own.queue},${queue}`,
  'x'.repeat(4_000),
]

const heartbeat = (taskQueue: string) => ({ workerInstanceKey: 'mallory', taskQueue, workerIdentity: 'acme-agent' })

const shutdown = (more: object): Uint8Array =>
  service.ShutdownWorkerRequest.encode({ namespace: NAMESPACE, identity: 'mallory', ...more }).finish()

const {
  TASK_QUEUE_KIND_NORMAL: NORMAL,
  TASK_QUEUE_KIND_STICKY: STICKY,
  TASK_QUEUE_KIND_WORKER_COMMANDS: CONTROL,
} = temporal.api.enums.v1.TaskQueueKind

const attack = (name: string, without: string, run: Attack['run']): Attack => ({
  ...{ name, without, run },
  mayReach: 'nothing',
  speaksGrpc: true,
})

export const QUEUE_ATTACKS: readonly Attack[] = [
  attack("poll another deployment's queue", taken, (arena) => poll(arena, pollRequest(arena.acme.queue))),
  attack("poll the queue of another deployment's function", taken, (arena) =>
    poll(arena, pollRequest(arena.acme.rawQueue)),
  ),
  attack('poll a function that does not exist', 'would wait where a later function gets its work', (arena) =>
    poll(arena, pollRequest(`${arena.evil.queue}/nope`), pollRequest(`${arena.acme.queue}/nope`)),
  ),
  attack('spell a queue another way (NUL, unicode, partitions)', taken, (arena) =>
    poll(arena, ...spellings(arena.acme, arena.evil).map((name) => pollRequest(name))),
  ),
  attack('poll a sticky queue', "would take a worker's own workflow tasks", (arena) =>
    poll(
      arena,
      ...[arena.evil.queue, arena.acme.queue].flatMap((name) =>
        [STICKY, CONTROL, 0, 3, 99].map((kind) =>
          pollRequest(name, { taskQueue: { name, kind, normalName: arena.acme.queue } }),
        ),
      ),
      pollRequest('', { taskQueue: { name: arena.evil.queue, kind: 1, normalName: arena.acme.queue } }),
    ),
  ),
  attack("poll the vendor's queue", "would take the vendor worker's activities", (arena) =>
    poll(arena, pollRequest('commands'), pollRequest('temporal-sys-per-ns-tq')),
  ),
  attack('poll for workflow tasks', "would decide on every customer's workflows", async ({ hostile, acme, evil }) =>
    allRefused(
      await Promise.all(
        ['commands', acme.queue, evil.queue].map((name) =>
          hostile.call({
            method: 'PollWorkflowTaskQueue',
            request: service.PollWorkflowTaskQueueRequest.encode({
              namespace: NAMESPACE,
              taskQueue: { name, kind: NORMAL },
            }).finish(),
          }),
        ),
      ),
      'PERMISSION_DENIED',
    ),
  ),
  attack('poll for worker commands', 'would get the raw task tokens in them', async ({ hostile }) =>
    allRefused(
      [
        await hostile.call({
          method: 'PollNexusTaskQueue',
          request: service.PollNexusTaskQueueRequest.encode({
            namespace: NAMESPACE,
            taskQueue: { name: `temporal-sys/worker-commands/${NAMESPACE}/x`, kind: CONTROL },
          }).finish(),
        }),
      ],
      'PERMISSION_DENIED',
    ),
  ),
  attack('name another namespace', 'would reach the data of another tenant of the cluster', (arena) =>
    poll(
      arena,
      ...['temporal-system', '', 'DEFAULT', 'default\0', ' default'].map((namespace) =>
        pollRequest(arena.evil.queue, { namespace }),
      ),
    ),
  ),
  attack("shut down another's worker", "would end the polls of acme-corp's agents", async (arena) =>
    allRefused(
      await Promise.all(
        [
          { taskQueue: arena.acme.queue },
          { taskQueue: 'commands' },
          { taskQueue: arena.evil.queue, stickyTaskQueue: 'commands' },
          { taskQueue: arena.evil.queue, stickyTaskQueue: arena.acme.queue },
          { taskQueue: arena.evil.queue, workerHeartbeat: heartbeat(arena.acme.queue) },
          {},
        ].map((more) => arena.hostile.call({ method: 'ShutdownWorker', request: shutdown(more) })),
      ),
      'PERMISSION_DENIED',
      'INVALID_ARGUMENT',
    ),
  ),
  attack("send a heartbeat for another's worker", "would make acme-corp's agents look as one likes", async (arena) =>
    allRefused(
      await Promise.all(
        [[arena.acme.queue], [arena.evil.queue, arena.acme.queue], ['commands'], ['']].map((queues) =>
          arena.hostile.call({
            method: 'RecordWorkerHeartbeat',
            request: service.RecordWorkerHeartbeatRequest.encode({
              namespace: NAMESPACE,
              identity: 'acme-agent',
              workerHeartbeat: queues.map(heartbeat),
            }).finish(),
          }),
        ),
      ),
      'PERMISSION_DENIED',
    ),
  ),
]
