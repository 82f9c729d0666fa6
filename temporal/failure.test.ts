import {
  ApplicationFailure,
  CancelledFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowNotFoundError,
} from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { CommandError, ERROR_CODES, type ErrorCode } from '../protocol/errors.js'
import { fromWorkflowFailure, isWorkflowNotFound, toApplicationFailure } from './failure.js'

/** As Temporal carries it from one process to another. */
const throughTemporal = (failure: Error): Error =>
  defaultFailureConverter.failureToError(
    defaultFailureConverter.errorToFailure(failure, defaultPayloadConverter),
    defaultPayloadConverter,
  )

describe('toApplicationFailure', () => {
  test('is final for Temporal, and nothing that a worker would log', () => {
    const failure = toApplicationFailure(new CommandError('command_failed', '"a" failed: no', { details: { code: 7 } }))
    expect(failure).toBeInstanceOf(ApplicationFailure)
    expect(failure).toMatchObject({
      message: '"a" failed: no',
      type: 'command_failed',
      nonRetryable: true,
      category: 'BENIGN',
      details: [{ code: 7 }],
    })
  })

  test('without details has none', () => {
    expect(toApplicationFailure(new CommandError('canceled', 'stopped')).details).toEqual([])
  })
})

describe('there and back', () => {
  test.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s is what it was', (code) => {
    const error = new CommandError(code, 'why', { details: { issues: [{ path: 'a', message: 'b' }] } })
    const again = fromWorkflowFailure(throughTemporal(toApplicationFailure(error)))
    expect(again).toBeInstanceOf(CommandError)
    expect(again.toBody()).toEqual(error.toBody())
  })

  test.each([null, 0, false, ''])('details %j are kept', (details) => {
    const error = new CommandError('conflict', 'why', { details })
    expect(fromWorkflowFailure(throughTemporal(toApplicationFailure(error))).details).toBe(details)
  })

  test('no details stay none', () => {
    const again = fromWorkflowFailure(throughTemporal(toApplicationFailure(new CommandError('conflict', 'why'))))
    expect(again.toBody()).toStrictEqual({ code: 'conflict', message: 'why' })
  })
})

describe("fromWorkflowFailure, for what Temporal's side says", () => {
  test.each<[Error, ErrorCode, string]>([
    [new CancelledFailure('Workflow canceled'), 'canceled', 'the invocation was canceled'],
    [
      new TerminatedFailure('Workflow execution terminated'),
      'outcome_unknown',
      'the workflow was terminated in Temporal; whether the handler finished is unknown',
    ],
    [
      new TimeoutFailure('Workflow execution timed out', undefined, 'START_TO_CLOSE'),
      'timed_out',
      'the workflow ran out of the time Temporal gave it',
    ],
    [ApplicationFailure.nonRetryable('who knows', 'SomebodyElses'), 'internal', 'who knows'],
    [new Error('no failure at all'), 'internal', 'no failure at all'],
  ])('%o is %s', (failure, code, message) => {
    expect(fromWorkflowFailure(failure).toBody()).toEqual({ code, message })
  })

  test('what is internal keeps its cause', () => {
    const failure = ApplicationFailure.nonRetryable('who knows', 'SomebodyElses')
    expect(fromWorkflowFailure(failure).cause).toBe(failure)
  })
})

test('isWorkflowNotFound', () => {
  expect(isWorkflowNotFound(new WorkflowNotFoundError('gone', 'inv_1', undefined))).toBe(true)
  expect(isWorkflowNotFound(new Error('gone'))).toBe(false)
})
