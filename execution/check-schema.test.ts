import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { checkSchema } from './check-schema.js'

const schema = z.object({
  startDate: z.iso.date(),
  limit: z.number().default(10),
  users: z.array(z.object({ name: z.string() })).default([]),
})

test("gives the schema's output", async () => {
  expect(await checkSchema('report', 'params', schema, { startDate: '2024-01-01' })).toEqual({
    startDate: '2024-01-01',
    limit: 10,
    users: [],
  })
})

test('without a schema everything passes as it is', async () => {
  const value = { any: 'thing' }
  expect(await checkSchema('report', 'params', undefined, value)).toBe(value)
})

test('waits for a schema that takes its time', async () => {
  const known = z.string().refine((name) => Promise.resolve(name === 'acme'), 'unknown customer')
  expect(await checkSchema('report', 'params', known, 'acme')).toBe('acme')
  await expect(checkSchema('report', 'params', known, 'globex')).rejects.toMatchObject({
    message: 'the params of "report" break its schema: unknown customer',
  })
})

test('lists each path with what was expected there', async () => {
  const params = { startDate: 'soon', users: [{ name: 'a' }, { name: 7 }] }
  await expect(checkSchema('report', 'params', schema, params)).rejects.toMatchObject({
    name: 'CommandError',
    code: 'invalid_params',
    message:
      'the params of "report" break its schema: startDate: Invalid ISO date; users[1].name: Invalid input: expected string, received number',
    details: {
      issues: [
        { path: 'startDate', message: 'Invalid ISO date' },
        { path: 'users[1].name', message: 'Invalid input: expected string, received number' },
      ],
    },
  })
})

test('an issue of the whole has no path, and a list begins with its index', async () => {
  await expect(checkSchema('report', 'result', schema, 'text')).rejects.toMatchObject({
    code: 'invalid_result',
    message: 'the result of "report" breaks its schema: Invalid input: expected object, received string',
    details: { issues: [{ path: '', message: 'Invalid input: expected object, received string' }] },
  })
  await expect(checkSchema('report', 'result', z.array(z.string()), ['a', 1])).rejects.toMatchObject({
    message: 'the result of "report" breaks its schema: [1]: Invalid input: expected string, received number',
  })
})

test('takes the path segments of every library', async () => {
  const issues: StandardSchemaV1.Issue[] = [
    { message: 'no', path: [{ key: 'a' }, { key: 0 }, 'b', Symbol('s')] },
    { message: 'nowhere' },
  ]
  const own: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate: () => ({ issues }) } }
  await expect(checkSchema('report', 'params', own, {})).rejects.toMatchObject({
    message: 'the params of "report" break its schema: a[0].b.Symbol(s): no; nowhere',
  })
})
