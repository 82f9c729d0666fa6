/**
 * What becomes of a call to a route, in this order: who is it, is it not too often, may it, what does it say, what is
 * the answer, and a record of it.
 */
import express, { type RequestHandler } from 'express'
import type { Actor, AuditEntry } from '../protocol/audit.js'
import { CommandError } from '../protocol/errors.js'
import { MAX_BODY_BYTES, MAX_REPORT_BODY_BYTES } from '../protocol/limits.js'
import { CallSubject } from './audit/call-subject.js'
import type { Presented } from './identity/authenticator.js'
import { actorOf, type ApiKeyCaller, type Caller } from './identity/caller.js'

import { asCommandError, statusOf } from './middleware/errors.js'
import { holdAnswer } from './held-answer.js'
import { refuseTooMany } from './refuse-too-many.js'
import type { AgentRoute, ApiKeyRoute, Call, Exchange, Route, RuntimeRoute } from './route.js'
import type { ServerDeps } from './server-deps.js'
import { inServerSpan } from './server-span.js'

export function serve(route: Route, deps: ServerDeps): RequestHandler {
  return async (request, response) => {
    const exchange = { deps, request, response }
    const presented = { authorization: request.get('authorization'), address: addressOf(exchange) }
    switch (route.credential) {
      case 'public':
        refuseTooMany(exchange, deps.rateLimiter, deps.rateLimiter.countAddress(presented.address), 'this address')
        await route.handle(exchange)
        return
      case 'agent-token': {
        const caller = await identified(exchange, deps.authenticator.agentToken(presented))
        await answer(route, exchange, caller, route.handle)
        return
      }
      case 'response-token':
        await serveRuntime(route, exchange, presented)
        return
      case 'api-key': {
        await inServerSpan(route, exchange, async () => {
          const caller = await identified(exchange, deps.authenticator.apiKey(presented))
          await answer(route, exchange, caller, (call) => {
            assertAllowed(route, caller)
            return route.handle(call)
          })
        })
      }
    }
  }
}

async function identified<Who>(exchange: Exchange, caller: Promise<Who>): Promise<Who> {
  try {
    return await caller
  } catch (error) {
    if (error instanceof CommandError && error.code === 'rate_limited') {
      await exchange.deps.lateRefusals.wait(exchange)
    }
    throw error
  }
}

async function serveRuntime(route: RuntimeRoute, exchange: Exchange, presented: Presented): Promise<void> {
  const { deps, request } = exchange
  const invocationId = route.invocationId(request)
  const caller = await identified(
    exchange,
    Promise.resolve().then(() => deps.authenticator.responseToken(presented, invocationId)),
  )
  refuseTooMany(exchange, deps.rateLimiter, deps.rateLimiter.countToken(invocationId), 'this invocation')
  await readBody(exchange, invocationId, parseReport)
  const record = (what: string): void => {
    const entry: AuditEntry = {
      ...recordOf(exchange, { kind: 'response-token', id: `${invocationId}/${caller.attempt}` }),
      ...new CallSubject({ invocationId }).known,
      action: `invocations.${what}`,
      outcome: 'done',
      status: 200,
      code: null,
    }
    // A runtime may report the same as often as it likes.
    if (deps.audit.isNews(entry)) deps.audit.append(entry)
  }
  await route.handle({ ...exchange, caller, record })
}

async function answer<Who extends Caller>(
  route: AgentRoute | ApiKeyRoute,
  exchange: Exchange,
  caller: Who,
  handle: (call: Call<Who>) => unknown,
): Promise<void> {
  const { deps, request, response } = exchange
  // Not recorded: a caller that is held off is not to fill the audit instead.
  refuseTooMany(exchange, deps.rateLimiter, deps.rateLimiter.countToken(caller.tokenId), 'this token')
  const recorded = deps.audit.begin()
  // An error is answered by who catches it; what the route answers is sent from here, or from there at once.
  const isHeld = route.mutates && route.audit !== 'beside'
  const send = isHeld ? holdAnswer(response) : () => undefined
  let subject = new CallSubject({})
  let ending: Ending | undefined
  try {
    if (route.method === 'POST' || route.method === 'PUT') await readBody(exchange, caller.tokenId, parseJson)
    subject = new CallSubject(route.claims?.(request) ?? {})
    await handle({ ...exchange, caller, subject })
    ending = { outcome: 'done', status: response.statusCode, code: null }
  } catch (error) {
    const refusal = asCommandError(error)
    const isDenied = refusal.code === 'permission_denied' || subject.isDenied
    ending = { outcome: isDenied ? 'denied' : 'failed', status: statusOf(refusal), code: refusal.code }
    throw error
  } finally {
    const records = ending ? recordsOf(route, exchange, caller, subject, ending) : []
    recorded(...records)
    if (isHeld && records.length > 0) await deps.audit.flush()
    send()
  }
}

/** @throws {CommandError} `permission_denied` */
function assertAllowed(route: ApiKeyRoute, { name, access }: ApiKeyCaller): void {
  const { action, scope, wholeDeployment, everyDeployment } = route
  if (!access.allows(scope)) {
    throw new CommandError(
      'permission_denied',
      `the API key "${name}" may not do ${action}, which needs the scope "${scope}"; use a key that has it`,
    )
  }
  if (wholeDeployment === true && !access.everyCommand) {
    throw new CommandError(
      'permission_denied',
      `the API key "${name}" is limited to some commands, and ${action} is about all of a deployment; use a key without that limit`,
    )
  }
  if (everyDeployment === true && !access.everyDeployment) {
    throw new CommandError(
      'permission_denied',
      `the API key "${name}" is limited to some deployments, and ${action} is about all; use a key without that limit`,
    )
  }
}

const parseJson: RequestHandler = express.json({ limit: MAX_BODY_BYTES, strict: false })
const parseReport: RequestHandler = express.json({ limit: MAX_REPORT_BODY_BYTES, strict: false })

/** 2 MB at 70 kB a second. */
const BODY_MS = 30_000

/**
 * @param sender whose bodies come in some at a time
 * @throws {CommandError} `rate_limited` when too many of them wait already
 */
async function readBody({ deps, request, response }: Exchange, sender: string, parse: RequestHandler): Promise<void> {
  let leave: (() => void) | undefined
  await new Promise<void>((resolve, reject) => {
    leave = deps.receiving.enter(sender, resolve)
    if (leave !== undefined) return
    reject(new CommandError('rate_limited', 'too many requests of this token are on their way; try again in a second'))
  })
  // Else a few that were cut off in the middle would hold up all that follow.
  const timer = setTimeout(() => request.destroy(), BODY_MS).unref()
  try {
    await new Promise<void>((resolve, reject) => {
      void parse(request, response, (error?: Error | string) => {
        if (error === undefined) resolve()
        else reject(error instanceof Error ? error : new Error(error))
      })
    })
  } finally {
    clearTimeout(timer)
    leave?.()
  }
}

/** What the audit is to have of a call. */
function recordsOf(
  route: AgentRoute | ApiKeyRoute,
  exchange: Exchange,
  caller: Caller,
  subject: CallSubject,
  ending: Ending,
): AuditEntry[] {
  const record = { ...factsOf(route, exchange, caller), ...subject.known, ...ending }
  if (!route.mutates && record.outcome !== 'denied') return []
  // What an agent is denied comes from a customer, several times a second if it likes.
  if (caller.kind === 'agent-token' && record.outcome === 'denied' && !exchange.deps.audit.isNews(record)) return []
  const { madeTokenId: tokenId } = subject
  // A record names one token, so the one that was made has a record of its own.
  const records = tokenId === undefined ? [record] : [record, { ...record, action: 'tokens.create', tokenId }]
  if (route.audit !== 'changes') return records
  // Asked of a change as well: the same call after it is none.
  const isNews = exchange.deps.audit.isNews(record)
  return isNews || subject.hasChanged ? records : []
}

type Ending = Pick<AuditEntry, 'outcome' | 'status' | 'code'>

const factsOf = ({ action }: AgentRoute | ApiKeyRoute, exchange: Exchange, caller: Caller) => ({
  ...recordOf(exchange, actorOf(caller)),
  action,
})

const recordOf = (exchange: Exchange, actor: Actor) => ({
  actor,
  address: addressOf(exchange),
  method: exchange.request.method,
  requestId: String(exchange.response.locals['requestId']),
  calls: 1,
})

/** As Express finds it: the connection's, or that behind the proxies that are trusted. */
const addressOf = ({ request }: Exchange): string => request.ip ?? ''
