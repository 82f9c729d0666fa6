/**
 * What the customer allows the vendor's commands to do: `alien-policy.json`, written by the customer's operator and
 * enforced by the agent. `docs/alien-policy.schema.json` is made from the schema here.
 */
import * as z from 'zod'
import { NAME_PATTERN } from './name-pattern.js'
import { durationSchema } from './policy.js'
import { wholeNumber, yesOrNo } from './told-rules.js'

/** In the folder where the agent is started, unless told otherwise. */
export const POLICY_FILE_NAME = 'alien-policy.json'

/** What a timer of the agent can count. */
const MAX_RUN_TIME_MS = 24 * 86_400_000

const patterns = z
  .array(
    z.string().regex(NAME_PATTERN, {
      error: ({ input }) =>
        `${JSON.stringify(input)} must be a command's name, in which "*" stands for any characters, like "report-*"`,
    }),
  )
  .max(1_000)

const bytes = wholeNumber(1, Number.MAX_SAFE_INTEGER)

/** Strict: a key that is misspelled must not allow what it was meant to forbid. */
export const customerPolicySchema = z
  .strictObject({
    $schema: z.string().optional().describe('Where an editor finds this schema; the agent does not read it.'),
    allow: patterns.optional().describe('Commands that may run. Absent: all. An empty list: none.'),
    deny: patterns.optional().describe('Commands that may not run, even if "allow" has them.'),
    readOnly: yesOrNo().optional().describe('true: only commands that are declared read-only may run.'),
    killSwitch: yesOrNo().optional().describe('true: nothing may run, and what runs is stopped.'),
    reason: z
      .string()
      .regex(/^[^\p{Cc}]{1,500}$/u, { error: 'must be one line of 1 to 500 characters' })
      .optional()
      .describe('Told to the caller of a command that is refused or stopped.'),
    maxRunTime: durationSchema(1, MAX_RUN_TIME_MS)
      .optional()
      .describe('Longest time for one attempt, like "30s", "2h" or a number of milliseconds; at most 24 days.'),
    maxParamsBytes: bytes.optional().describe("Greatest size of a command's params, as JSON in bytes."),
    maxResultBytes: bytes.optional().describe("Greatest size of a command's result, as JSON in bytes."),
  })
  .meta({ title: "The customer's policy for commands", description: 'Read by "alien agent start".' })

/** Checked; `maxRunTime` in milliseconds. */
export type CustomerPolicy = Readonly<z.output<typeof customerPolicySchema>>
