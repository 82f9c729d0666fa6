/** `/v1/invocations`: start, look, wait, follow, list. */
import type { Response } from 'express'
import { CommandError } from '../../protocol/errors.js'
import { isFinal, type Invocation } from '../../protocol/invocation.js'
import { assertInvocationId } from '../../protocol/names.js'
import type { CancelAnswer } from '../../protocol/cancel.js'
import { cancelUntil, verdictOf } from '../invocations/cancel.js'
import { followInvocation } from '../events/follow.js'
import { listInvocations } from '../invocations/list.js'
import { outcomeUntil, readInvocation } from '../invocations/read.js'
import { parseCancelRequest, parseInvocationRequest, waitSchema } from '../invocations/request.js'
import { workflowLink } from '../invocations/service.js'
import { resolveCall, startInvocation } from '../invocations/start.js'
import { startAndWait } from '../invocations/wait.js'
import { Waits } from '../invocations/waiting.js'
import { holdFor } from '../hold.js'
import { bodyFields, pathParam } from '../request-fields.js'
import type { ApiKeyCall, Route } from '../route.js'

export const INVOCATION_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/invocations',
    credential: 'api-key',
    scope: 'invoke',
    action: 'invocations.create',
    mutates: true,
    // Called most of all, and what it starts is in Temporal's history.
    audit: 'beside',
    claims: (request) => {
      const { deployment, command, id } = bodyFields(request)
      return { deployment, command, invocationId: id }
    },
    handle: create,
  },
  {
    method: 'GET',
    path: '/v1/invocations',
    credential: 'api-key',
    scope: 'read',
    action: 'invocations.list',
    mutates: false,
    claims: ({ query: { deployment, command } }) => ({ deployment, command }),
    handle: list,
  },
  {
    method: 'GET',
    path: '/v1/invocations/:id',
    credential: 'api-key',
    scope: 'read',
    action: 'invocations.get',
    mutates: false,
    claims: (request) => ({ invocationId: pathParam(request, 'id') }),
    handle: get,
  },
  {
    method: 'POST',
    path: '/v1/invocations/:id/cancel',
    credential: 'api-key',
    scope: 'invoke',
    action: 'invocations.cancel',
    mutates: true,
    claims: (request) => ({ invocationId: pathParam(request, 'id') }),
    handle: cancel,
  },
  {
    method: 'GET',
    path: '/v1/invocations/:id/events',
    credential: 'api-key',
    scope: 'read',
    action: 'invocations.events',
    mutates: false,
    claims: (request) => ({ invocationId: pathParam(request, 'id') }),
    handle: followInvocation,
  },
]

async function create(exchange: ApiKeyCall): Promise<void> {
  const { deps, subject, request, response } = exchange
  const parsed = parseInvocationRequest(request.body)
  const call = await resolveCall(exchange, parsed)
  const { id, input } = call
  subject.isInvocation(id)
  if (parsed.waitMs === 0) {
    await startInvocation(deps, call)
    send(response, await readInvocation(exchange, id))
    return
  }
  using held = holdFor(exchange, parsed.waitMs)
  const { started, outcome } = await startAndWait(deps, call, held.enough)
  if (outcome === undefined) {
    send(response, await readInvocation(exchange, id))
    return
  }
  const { deployment, command } = input
  send(response, { id, deployment, command, ...outcome, links: workflowLink(deps, id, started.runId) })
}

async function list(call: ApiKeyCall): Promise<void> {
  call.response.json(await listInvocations(call, call.request.query))
}

async function get(call: ApiKeyCall): Promise<void> {
  const id = pathParam(call.request, 'id')
  assertInvocationId(id)
  const waitMs = parseWait(call.request.query['wait'])
  // Who waits for the outcome asks again and again, and is not told what it waits for.
  const options = waitMs > 0 ? {} : { waits: new Waits(call.deps, { counts: false }) }
  let invocation = await readInvocation(call, id, options)
  if (waitMs > 0 && !isFinal(invocation)) {
    using held = holdFor(call, waitMs)
    const outcome = await outcomeUntil(call.deps, held.enough, id)
    if (outcome !== undefined) invocation = await readInvocation(call, id)
  }
  send(call.response, invocation)
}

async function cancel(call: ApiKeyCall): Promise<void> {
  const id = pathParam(call.request, 'id')
  assertInvocationId(id)
  const { waitMs, ...request } = parseCancelRequest(call.request.body)
  // Whether this key may know of it comes first.
  const found = await readInvocation(call, id)
  call.subject.isDeployment(found.deployment)
  if (isFinal(found)) {
    call.response.json({ verdict: verdictOf(found), invocation: found } satisfies CancelAnswer)
    return
  }
  using held = holdFor(call, waitMs)
  const verdict = await cancelUntil(call.deps, held.enough, id, request)
  const invocation = await readInvocation(call, id)
  const answer: CancelAnswer = {
    ...(verdict === undefined ? {} : { verdict: verdict === 'ended' ? verdictOf(invocation) : verdict }),
    invocation,
  }
  call.response.status(verdict === undefined ? 202 : 200).json(answer)
}

/** 200 once there is an outcome, 202 while there is none. */
function send(response: Response, invocation: Invocation): void {
  response.status(isFinal(invocation) ? 200 : 202).json(invocation)
}

function parseWait(value: unknown): number {
  if (value === undefined) return 0
  const parsed = waitSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new CommandError('invalid_request', `bad query: wait: ${parsed.error.issues[0]?.message ?? ''}`)
}
