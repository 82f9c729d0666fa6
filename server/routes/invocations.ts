/** `/v1/invocations`: start, look, wait, list. */
import { Router, type Response } from 'express'
import { CommandError } from '../../protocol/errors.js'
import { isFinal, type Invocation } from '../../protocol/invocation.js'
import { assertInvocationId } from '../../protocol/names.js'
import { listInvocations } from '../invocations/list.js'
import { outcomeUntil, readInvocation } from '../invocations/read.js'
import { parseInvocationRequest, waitSchema } from '../invocations/request.js'
import { workflowLink, type InvocationDeps } from '../invocations/service.js'
import { resolveCall, startInvocation } from '../invocations/start.js'
import { startAndWait } from '../invocations/wait.js'

export function invocationRoutes(deps: InvocationDeps): Router {
  const router = Router()

  /** Aborts when a request has been held long enough: its time is over, its caller is gone, or we drain. */
  const heldEnough = (waitMs: number, response: Response): AbortSignal =>
    AbortSignal.any([AbortSignal.timeout(waitMs), callerGone(response), deps.draining])

  router.post('/', async (request, response) => {
    const parsed = parseInvocationRequest(request.body)
    const call = await resolveCall(deps, parsed)
    const { id, input } = call
    if (parsed.waitMs === 0) {
      await startInvocation(deps, call)
      send(response, await readInvocation(deps, id))
      return
    }
    const { started, outcome } = await startAndWait(deps, call, heldEnough(parsed.waitMs, response))
    if (outcome === undefined) {
      send(response, await readInvocation(deps, id))
      return
    }
    const { deployment, command } = input
    send(response, { id, deployment, command, ...outcome, links: workflowLink(deps, id, started.runId) })
  })

  router.get('/', async (request, response) => {
    response.json(await listInvocations(deps, request.query))
  })

  router.get('/:id', async (request, response) => {
    const { id } = request.params
    assertInvocationId(id)
    const waitMs = parseWait(request.query['wait'])
    let invocation = await readInvocation(deps, id)
    if (waitMs > 0 && !isFinal(invocation)) {
      const outcome = await outcomeUntil(deps, heldEnough(waitMs, response), id)
      if (outcome !== undefined) invocation = await readInvocation(deps, id)
    }
    send(response, invocation)
  })

  return router
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

/** Aborts when the caller closes the connection before it has its answer. */
function callerGone(response: Response): AbortSignal {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  return gone.signal
}
