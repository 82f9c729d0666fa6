/** Reporting on tasks that are not the deployment's own, or not any more. */
import { allRefused, type Arena, type Attack } from '../attack.js'
import { NAMESPACE } from '../battlefield.js'
import { service } from '../hostile-client.js'
import { TaskTokenSeal } from '../../gateway/task-token.js'
import { flipped } from '../bytes.js'
import { forgedToken } from '../forged-token.js'
import protobuf from 'protobufjs'

/** All four ways to report with a token. */
const reports = (taskToken: Uint8Array) => {
  const message = { taskToken, namespace: NAMESPACE, identity: 'mallory' }
  return [
    {
      method: 'RespondActivityTaskCompleted',
      request: service.RespondActivityTaskCompletedRequest.encode(message).finish(),
    },
    { method: 'RespondActivityTaskFailed', request: service.RespondActivityTaskFailedRequest.encode(message).finish() },
    {
      method: 'RespondActivityTaskCanceled',
      request: service.RespondActivityTaskCanceledRequest.encode(message).finish(),
    },
    {
      method: 'RecordActivityTaskHeartbeat',
      request: service.RecordActivityTaskHeartbeatRequest.encode(message).finish(),
    },
  ]
}

async function reportWith({ hostile }: Arena, ...tokens: readonly Uint8Array[]): Promise<string> {
  const answers = await Promise.all(tokens.flatMap(reports).map((call) => hostile.call(call)))
  return allRefused(answers, 'PERMISSION_DENIED', 'INVALID_ARGUMENT')
}

function byId({ acmeTask }: Arena) {
  const message = {
    ...{ namespace: NAMESPACE, workflowId: acmeTask.invocationId, activityId: '1', identity: 'mallory' },
  }
  return [
    {
      method: 'RespondActivityTaskCompletedById',
      request: service.RespondActivityTaskCompletedByIdRequest.encode(message).finish(),
    },
    {
      method: 'RespondActivityTaskFailedById',
      request: service.RespondActivityTaskFailedByIdRequest.encode(message).finish(),
    },
    {
      method: 'RespondActivityTaskCanceledById',
      request: service.RespondActivityTaskCanceledByIdRequest.encode(message).finish(),
    },
    {
      method: 'RecordActivityTaskHeartbeatById',
      request: service.RecordActivityTaskHeartbeatByIdRequest.encode(message).finish(),
    },
  ]
}

const attack = (name: string, without: string, run: Attack['run'], speaksGrpc = false): Attack => ({
  ...{ name, without, run, speaksGrpc },
  mayReach: 'nothing',
})

const forged = 'would report on a command of acme-corp that still runs'

export const TOKEN_ATTACKS: readonly Attack[] = [
  attack("report with another deployment's sealed token", forged, (arena) => reportWith(arena, arena.acmeTask.sealed)),
  attack(
    'report with a raw token made of known ids',
    forged,
    async (arena) => reportWith(arena, await forgedToken(arena, arena.acmeTask.invocationId)),
    true,
  ),
  attack('report with a raw token that leaked', forged, (arena) => reportWith(arena, arena.acmeTask.raw), true),
  attack(
    'report by workflow and activity id',
    forged,
    async (arena) =>
      allRefused(await Promise.all(byId(arena).map((call) => arena.hostile.call(call))), 'PERMISSION_DENIED'),
    true,
  ),
  attack('report with a token of which one bit is another', 'would aim at neighbouring tasks', async (arena) => {
    // Each with one of the four ways, in turn.
    const calls = flipped(arena.evilTask.sealed).flatMap((token, at) => reports(token).slice(at % 4, (at % 4) + 1))
    return allRefused(
      await Promise.all(calls.map((call) => arena.hostile.call({ ...call, timeoutMs: 20_000 }))),
      'PERMISSION_DENIED',
    )
  }),
  attack('report with a token cut short, grown, or empty', 'would reach tasks of other length ids', (arena) => {
    const { sealed } = arena.evilTask
    const grown = Buffer.concat([sealed, Buffer.of(0)])
    const cuts = [0, 1, 4, 5, 16, 17, 24, 25, 40, 41, sealed.length - 1].map((length) => sealed.subarray(0, length))
    return reportWith(arena, grown, Buffer.concat([Buffer.of(0), sealed]), ...cuts)
  }),
  attack('replay a token after it expired', 'would report on an attempt long given up', (arena) => {
    const seal = new TaskTokenSeal([arena.sealingKey])
    const ended = [1, 1_000, 3_600_000].map((agoMs) => Date.now() - agoMs)
    const never = [Number.NaN, Number.NEGATIVE_INFINITY, 0, -1]
    const tokens = [...ended, ...never].map((atMs) => seal.seal(arena.evilTask.raw, arena.evil.id, atMs))
    return reportWith(arena, ...tokens)
  }),
  attack('seal with a key of one’s own', forged, (arena) => {
    const seal = new TaskTokenSeal([Buffer.alloc(32, 1)])
    const own = seal.seal(arena.acmeTask.raw, arena.evil.id, Date.now() + 60_000)
    // The key's id of a genuine token before what another key sealed.
    const grafted = Buffer.concat([arena.evilTask.sealed.subarray(0, 5), own.subarray(5)])
    return reportWith(arena, own, grafted)
  }),
  attack('splice two genuine tokens', forged, (arena) => {
    const [one, other] = [arena.evilTask.sealed, arena.acmeTask.sealed]
    const splices = [17, 25, 40, one.length - 16].flatMap((at) => [
      Buffer.concat([one.subarray(0, at), other.subarray(at)]),
      Buffer.concat([other.subarray(0, at), one.subarray(at)]),
    ])
    return reportWith(arena, ...splices)
  }),
  attack("give one's own token and another's", forged, async ({ hostile, evilTask, acmeTask }) => {
    const field = (token: Uint8Array) => protobuf.Writer.create().uint32(10).bytes(token).finish()
    const namespace = protobuf.Writer.create().uint32(34).string(NAMESPACE).finish()
    const pairs = [evilTask.sealed, acmeTask.sealed, acmeTask.raw].flatMap((token) => [
      [field(evilTask.sealed), field(token), namespace],
      [field(token), namespace, field(evilTask.sealed)],
    ])
    const calls = pairs.map((parts) => ({ method: 'RespondActivityTaskCompleted', request: Buffer.concat(parts) }))
    return allRefused(
      await Promise.all(calls.map((call) => hostile.call(call))),
      'INVALID_ARGUMENT',
      'PERMISSION_DENIED',
    )
  }),
]
