/** Schemas of single values whose errors name the value and every bound, whichever of them it breaks. */
import * as z from 'zod'
import { shownValue } from './shown-value.js'

/** `0 must be a whole number from 1 to 100` */
export function wholeNumber(min: number, max: number) {
  const rule = mustBe(`a whole number from ${min} to ${max}`)
  return z.int(rule).min(min, rule).max(max, rule)
}

/** The same of a query, which has texts only. */
export function wholeNumberText(min: number, max: number) {
  const rule = mustBe(`a whole number from ${min} to ${max}`)
  return z
    .string(rule)
    .regex(/^\d{1,15}$/, rule)
    .transform(Number)
    .refine((value) => value >= min && value <= max, rule)
}

/** `0.5 must be a number from 1 to 10` */
export function numberWithin(min: number, max: number) {
  const rule = mustBe(`a number from ${min} to ${max}`)
  return z.number(rule).min(min, rule).max(max, rule)
}

/** `"yes" must be true or false` */
export const yesOrNo = () => z.boolean(mustBe('true or false'))

const mustBe = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }): string => `${shownValue(input)} must be ${what}`,
})
