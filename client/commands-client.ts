/** `CommandsClient`: invokes commands on one deployment. */
import { randomBytes } from 'node:crypto'
import { CommandError } from '../protocol/errors.js'
import type { Invocation } from '../protocol/invocation.js'
import { jsonProblem } from '../protocol/json.js'
import { MAX_WAIT_MS } from '../protocol/limits.js'
import { assertInvocationId, invocationId } from '../protocol/names.js'
import { InvocationHandle } from './invocation-handle.js'
import { resolveClientOptions, type CommandsClientOptions, type InvokeOptions } from './options.js'
import { requestJson, type Endpoint } from './request.js'

/** How long a call goes on trying while the control plane has answered none of this client's. */
const GIVE_UP_AFTER_MS = 10_000

export class CommandsClient {
  readonly #deployment: string
  readonly #endpoint: Endpoint

  /** @throws {CommandError} `invalid_request` or `unauthenticated` when an option is missing or malformed */
  constructor(options: CommandsClientOptions) {
    const { deployment, token, baseUrl } = resolveClientOptions(options)
    this.#deployment = deployment
    this.#endpoint = { baseUrl, token, giveUpAfterMs: GIVE_UP_AFTER_MS, contact: { isMade: false } }
  }

  /**
   * Runs a command and waits for its result, however long it takes; a short one is a single round trip. While the control
   * plane is away, it is asked again, which is safe, as is a repeated start: for 10 minutes once the command may have been
   * started; before that for 2, or for 10 s if it has never answered this client. `options.signal` ends that sooner.
   *
   * @throws {CommandError} with one code of the error table
   */
  async invoke<Result = unknown>(command: string, params?: unknown, options: InvokeOptions = {}): Promise<Result> {
    const handle = await this.#start<Result>(command, params, options, MAX_WAIT_MS)
    return handle.result({ signal: options.signal })
  }

  /** Starts a command without waiting for its result. */
  start<Result = unknown>(
    command: string,
    params?: unknown,
    options: InvokeOptions = {},
  ): Promise<InvocationHandle<Result>> {
    return this.#start<Result>(command, params, options, 0)
  }

  /**
   * An invocation started earlier, here or elsewhere. Nothing is asked until the handle is used.
   *
   * @throws {CommandError} `invalid_request` when `id` cannot be one
   */
  getInvocation<Result = unknown>(id: string): InvocationHandle<Result> {
    assertInvocationId(id)
    return new InvocationHandle<Result>(id, this.#endpoint)
  }

  async #start<Result>(
    command: string,
    params: unknown,
    options: InvokeOptions,
    waitMs: number,
  ): Promise<InvocationHandle<Result>> {
    const { timeoutMs, queueTimeoutMs, deadline, heartbeatTimeoutMs, atMostOnce, retry } = options
    const { idempotencyKey, failFast, signal } = options
    assertJson(command, params)
    if (deadline instanceof Date && Number.isNaN(deadline.getTime())) {
      throw new CommandError('invalid_request', 'deadline must be a valid Date')
    }
    const body = {
      deployment: this.#deployment,
      command,
      params,
      // The id makes a repeated request the same invocation; with a key, the server derives it from the key.
      ...(idempotencyKey === undefined
        ? { id: invocationId(command, randomBytes(16).toString('hex')) }
        : { idempotencyKey }),
      timeout: timeoutMs,
      queueTimeout: queueTimeoutMs,
      deadline: deadline instanceof Date ? deadline.toISOString() : deadline,
      heartbeatTimeout: heartbeatTimeoutMs,
      atMostOnce,
      failFast,
      retry,
      wait: waitMs === 0 ? undefined : waitMs,
    }
    const started = await requestJson<Invocation>(
      { ...this.#endpoint, signal },
      { method: 'POST', path: '/v1/invocations', body, holdMs: waitMs },
    )
    return new InvocationHandle<Result>(started.id, this.#endpoint, started)
  }
}

/** Told here, where it is known what the caller gave, and not as a TypeError from the depths of the request. */
function assertJson(command: string, params: unknown): void {
  try {
    JSON.stringify(params)
  } catch (error) {
    throw new CommandError('invalid_request', `the params of "${command}" are not JSON: ${jsonProblem(error)}`, {
      cause: error,
    })
  }
}
