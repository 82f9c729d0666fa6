import type { StandardSchemaV1 } from '@standard-schema/spec'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { CommandOptions } from '../sdk/command.js'
import { CommandRegistry } from '../sdk/registry.js'
import { manifestOf } from './manifest.js'

const commandsWith = (...options: CommandOptions[]): CommandRegistry =>
  new CommandRegistry(options.map((option, index) => ({ name: `c${index}`, options: option, handler: () => null })))

test('lists the commands in order, with their policies in milliseconds', () => {
  const registry = commandsWith(
    { description: 'a report', timeout: '30s', retry: { maxAttempts: 3, initialInterval: '2s' } },
    { readOnly: true, captureConsole: true },
  )
  expect(manifestOf(registry)).toEqual([
    {
      name: 'c0',
      description: 'a report',
      policy: { timeout: 30_000, retry: { maxAttempts: 3, initialInterval: 2_000 } },
    },
    { name: 'c1', readOnly: true, policy: {} },
  ])
  expect(manifestOf(new CommandRegistry())).toEqual([])
})

describe('schemas', () => {
  test("zod's are JSON Schema: of params what goes in, of the result what comes out", () => {
    const limit = z.object({ limit: z.number().default(10) })
    const [command] = manifestOf(commandsWith({ params: limit, result: limit }))
    expect(command?.params).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { limit: { type: 'number', default: 10 } },
    })
    expect(command?.result).toEqual({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      properties: { limit: { type: 'number', default: 10 } },
      required: ['limit'],
      additionalProperties: false,
    })
  })

  test('that have no JSON form are left out', () => {
    const [command] = manifestOf(commandsWith({ result: z.string().transform((text) => text.length) }))
    expect(command).toEqual({ name: 'c0', policy: {} })
  })

  test('of a library that cannot say are left out', () => {
    const own: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } }
    expect(manifestOf(commandsWith({ params: own }))[0]?.params).toBeUndefined()
  })
})

test.each<[unknown, string]>([
  [
    { timeout: '0s' },
    'policy.timeout: "0s" must be a duration from 1ms to 365d, like "30s", "2h" or a number of milliseconds',
  ],
  [{ timout: '1s' }, 'policy: Unrecognized key: "timout"; the nearest name is "timeout"'],
  [{ description: 7 }, 'description: Invalid input: expected string, received number'],
])('options %j are refused, naming the command', (options, problem) => {
  expect(() => manifestOf(commandsWith({}, options as CommandOptions))).toThrow(
    expect.objectContaining({
      name: 'CommandError',
      code: 'invalid_request',
      message: `command "c1" has bad options: ${problem}`,
    }),
  )
})
