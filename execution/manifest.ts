/** What an agent says of its commands when it connects. */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { CommandError } from '../protocol/errors.js'
import { manifestCommandSchema, type ManifestCommand } from '../protocol/manifest.js'
import { describeIssues } from '../protocol/issues.js'
import type { CommandDefinition } from '../sdk/command.js'
import type { CommandRegistry } from '../sdk/registry.js'

/** @throws {CommandError} `invalid_request` naming each command whose options break a rule */
export function manifestOf(registry: CommandRegistry): ManifestCommand[] {
  return Array.from(registry, manifestCommand)
}

function manifestCommand({ name, options }: CommandDefinition): ManifestCommand {
  const { description, readOnly, params, result, ...others } = options
  // How its lines are caught is the agent's own affair.
  const policy = Object.fromEntries(Object.entries(others).filter(([key]) => key !== 'captureConsole'))
  const parsed = manifestCommandSchema.safeParse({
    name,
    description,
    readOnly,
    params: jsonSchemaOf(params, 'input'),
    result: jsonSchemaOf(result, 'output'),
    policy,
  })
  if (parsed.success) return parsed.data
  throw new CommandError('invalid_request', `command "${name}" has bad options: ${describeIssues(parsed.error)}`)
}

/** Schema libraries that can say what they check in JSON Schema do so in the manifest; the others just check. */
function jsonSchemaOf(
  schema: StandardSchemaV1 | undefined,
  side: 'input' | 'output',
): Record<string, unknown> | undefined {
  const standard = schema?.['~standard'] as Partial<StandardJSONSchemaV1.Props> | undefined
  try {
    return standard?.jsonSchema?.[side]({ target: 'draft-2020-12' })
  } catch {
    // Not every schema has a JSON form, a transform for one.
    return undefined
  }
}
