/** `command()`: defines a command and, by calling it, registers it with the module's agent. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { CommandError } from '../protocol/errors.js'
import { assertCommandName } from '../protocol/names.js'
import type { PolicyInput } from '../protocol/policy.js'
import type { CommandContext } from './context.js'
import { moduleRegistry } from './registry.js'

/** A handler's params are whatever JSON the caller sent, unless a schema says more. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the page's handlers destructure params without types
type UntypedParams = any

export type Handler<Params = UntypedParams, Result = unknown> = (
  params: Params,
  context: CommandContext,
) => Result | Promise<Result>

export interface CommandOptions<
  ParamsSchema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
  ResultSchema extends StandardSchemaV1 | undefined = StandardSchemaV1 | undefined,
> extends PolicyInput {
  /** One or two sentences for people, and for AI agents that choose among commands. */
  readonly description?: string
  /**
   * Declares that the handler changes nothing: then it runs where the customer's policy has its read-only switch on.
   *
   * @default false
   */
  readonly readOnly?: boolean
  /**
   * Shows what the handler writes to `console` to whoever follows the invocation, as `context.log` does.
   *
   * @default false
   */
  readonly captureConsole?: boolean
  /** Any Standard Schema (zod, valibot, arktype, …). The handler gets the schema's output. */
  readonly params?: ParamsSchema
  /** Checked before the result leaves the customer's environment. */
  readonly result?: ResultSchema
}

/** A command as a value: what `command()` returns and an agent serves. */
export interface CommandDefinition {
  readonly name: string
  readonly options: CommandOptions
  readonly handler: Handler
}

type ParamsOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferOutput<S> : UntypedParams
type ResultOf<S> = S extends StandardSchemaV1 ? StandardSchemaV1.InferInput<S> : unknown

/**
 * Registers `handler` under `name`.
 *
 * @throws {CommandError} `invalid_request` when the name breaks the rule or the handler is no function, `conflict`
 *   when the name is taken.
 * @example command("generate-report", async ({ startDate }) => ({ rowCount: 3 }))
 */
export function command(name: string, handler: Handler): CommandDefinition
export function command<
  ParamsSchema extends StandardSchemaV1 | undefined = undefined,
  ResultSchema extends StandardSchemaV1 | undefined = undefined,
>(
  name: string,
  options: CommandOptions<ParamsSchema, ResultSchema>,
  handler: Handler<ParamsOf<ParamsSchema>, ResultOf<ResultSchema>>,
): CommandDefinition
export function command(name: string, ...rest: [Handler] | [CommandOptions, Handler]): CommandDefinition {
  assertCommandName(name)
  const [options, handler] = rest.length === 1 ? [{}, rest[0]] : rest
  if (typeof handler !== 'function') {
    throw new CommandError('invalid_request', `command "${name}" needs a handler function as its last argument`)
  }
  const definition: CommandDefinition = Object.freeze({ name, options: Object.freeze({ ...options }), handler })
  moduleRegistry.add(definition)
  return definition
}
