import { expect, test } from 'vitest'
import { CommandError, type ErrorCode } from '../protocol/errors.js'
import type { PushTransport } from '../protocol/transport.js'
import { legsOf, pingOutcome } from './ping-legs.js'

const lambda = { kind: 'lambda', functionArn: 'arn' } as PushTransport

const states = (transport: PushTransport | undefined, code: ErrorCode, leg?: string): string =>
  legsOf({ transport, outcome: new CommandError(code, 'said', leg === undefined ? {} : { details: { leg } }) })
    .map(({ leg, state }) => `${leg} ${state}`)
    .join(', ')

const answer = { runtime: 'lambda', version: '1.2.3', manifest: [{ name: 'echo', policy: {} }] }

test('a ping that comes back says who answered', () => {
  const legs = legsOf({ transport: lambda, outcome: answer })
  expect(legs.map(({ leg, state, message }) => [leg, state, message])).toEqual([
    ['credentials', 'ok', ''],
    ['delivery', 'ok', ''],
    ['handler', 'ok', 'lambda, version 1.2.3, 1 commands'],
    ['response', 'ok', ''],
  ])
})

test.each([null, 'pong', {}, { ...answer, manifest: 1 }])('an answer of %j is that of no handler runtime', (said) => {
  const legs = legsOf({ transport: lambda, outcome: pingOutcome(said) })
  expect(legs.map(({ leg, state }) => `${leg} ${state}`).join(', ')).toBe(
    'credentials ok, delivery ok, handler failed, response not reached',
  )
  expect(legs[2]?.message).toBe('what answered "alien.ping" is no handler runtime; deploy what "alien build" makes')
  expect(pingOutcome(answer)).toEqual(answer)
})

test.each<[ErrorCode, string | undefined, string]>([
  [
    'delivery_failed',
    'credentials',
    'credentials failed, delivery not reached, handler not reached, response not reached',
  ],
  ['delivery_failed', 'delivery', 'credentials ok, delivery failed, handler not reached, response not reached'],
  ['unavailable', undefined, 'credentials ok, delivery failed, handler not reached, response not reached'],
  ['invalid_result', 'handler', 'credentials ok, delivery ok, handler failed, response not reached'],
  ['outcome_unknown', undefined, 'credentials ok, delivery ok, handler failed, response not reached'],
  ['command_not_found', undefined, 'credentials ok, delivery ok, handler failed, response not reached'],
  // Known before anything is sent: of the rest nothing is.
  [
    'delivery_failed',
    'response',
    'credentials not reached, delivery not reached, handler not reached, response failed',
  ],
  ['refused', undefined, 'credentials ok, delivery ok, handler ok, response ok'],
])('pushed to: %s about %s', (code, leg, expected) => {
  expect(states(lambda, code, leg)).toBe(expected)
})

test.each<[ErrorCode, string]>([
  ['deployment_offline', 'delivery failed, handler not reached, response not reached'],
  ['timed_out', 'delivery ok, handler failed, response not reached'],
])('by agents, who have credentials of their own: %s', (code, expected) => {
  expect(states(undefined, code)).toBe(expected)
})
