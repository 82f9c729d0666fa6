/** Fuzzes what reads bodies of requests, which are JSON of whoever has a token. */
import type { Arbitrary } from 'fast-check'
import type { z } from 'zod'
import { describeIssues } from '../protocol/issues.js'
import type { Fuzzer } from './fuzzer.js'

/** @param check throws for a body that was not dealt with as it should be */
export const jsonFuzzer = (name: string, bodies: Arbitrary<unknown>, check: (body: unknown) => void): Fuzzer => ({
  name,
  inputs: bodies.map((body) => Buffer.from(JSON.stringify(body))),
  check: (input) => {
    let body: unknown
    try {
      body = JSON.parse(Buffer.from(input).toString())
    } catch {
      return
    }
    check(body)
  },
})

/**
 * Of a schema: what it refuses it must explain, and what it accepts must be what it says.
 *
 * @param check throws for a body that should not have been accepted
 */
export const bodyFuzzer = <Schema extends z.ZodType>(
  name: string,
  bodies: Arbitrary<unknown>,
  schema: Schema,
  check: (body: z.output<Schema>) => void,
): Fuzzer =>
  jsonFuzzer(name, bodies, (body) => {
    const parsed = schema.safeParse(body)
    if (parsed.success) check(parsed.data)
    else if (describeIssues(parsed.error) === '') throw new Error('refused without a word')
  })
