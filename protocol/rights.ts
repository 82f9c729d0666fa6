/** What an API key may do, and on what. */
import * as z from 'zod'
import { NAME_PATTERN } from './name-pattern.js'

/** Each includes those before it. */
export const SCOPES = ['read', 'invoke', 'operate', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

export interface Rights {
  readonly scopes: readonly Scope[]
  /** Patterns of deployment names; one that begins with `dep_` is of ids. `["*"]`: all. */
  readonly deployments: readonly string[]
  /** Patterns of command names. `["*"]`: all. */
  readonly commands: readonly string[]
}

const MAX_PATTERNS = 50

const patternSchema = z.string().refine((pattern) => NAME_PATTERN.test(pattern), {
  error: ({ input }) =>
    `${JSON.stringify(input)} must be 1 to 100 letters, digits, ".", "_" or "-", and "*" for any number of them, like "acme-*"`,
})

const patternsSchema = z.array(patternSchema).min(1).max(MAX_PATTERNS).default(['*'])

export const rightsSchema = z.strictObject({
  scopes: z.array(z.enum(SCOPES)).min(1),
  deployments: patternsSchema,
  commands: patternsSchema,
})

/** Whether the scopes held include the one that is needed. */
export const includesScope = (held: readonly Scope[], needed: Scope): boolean =>
  held.some((scope) => SCOPES.indexOf(scope) >= SCOPES.indexOf(needed))

/** No name begins like an id; and no pattern of names, such as `d*`, is meant to fit every id. */
export const isIdPattern = (pattern: string): boolean => pattern.startsWith('dep_')
