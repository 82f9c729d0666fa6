import * as z from 'zod'

/** JSON by construction, for it comes from parsed JSON; only that it is there is to be checked. */
export const jsonValueSchema = z.unknown().refine((value) => value !== undefined, 'is missing')
