/** The list of commands that an agent publishes when it connects. */
import * as z from 'zod'
import { assertCommandName } from './names.js'
import { policySchema, type Policy } from './policy.js'
import { strictObject } from './strict-object.js'

export interface ManifestCommand {
  readonly name: string
  readonly description?: string | undefined
  /** Declared to change nothing: what a customer's read-only switch lets run. Absent: it is not. */
  readonly readOnly?: boolean | undefined
  /** JSON Schema of the params and of the result, where the command's schema library can express one. */
  readonly params?: Record<string, unknown> | undefined
  readonly result?: Record<string, unknown> | undefined
  readonly policy: Policy
}

const commandName = z.string().superRefine((name, context) => {
  try {
    assertCommandName(name)
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
  }
})

const jsonSchema = z.record(z.string(), z.unknown())

export const manifestCommandSchema: z.ZodType<ManifestCommand> = strictObject({
  name: commandName,
  description: z.string().max(2_000).optional(),
  readOnly: z.boolean().optional(),
  params: jsonSchema.optional(),
  result: jsonSchema.optional(),
  policy: policySchema,
})

/** All of them. */
export const manifestCommandsSchema = z.array(manifestCommandSchema).max(1_000)
