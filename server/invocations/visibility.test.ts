import { describe, expect, test } from 'vitest'
import { Access } from '../identity/access.js'
import { needsCommandNames, visibilityQuery, type ListFilter } from './visibility.js'

const deployments = [
  { id: 'dep_1', name: 'acme-eu' },
  { id: 'dep_2', name: 'acme-us' },
  { id: 'dep_3', name: 'globex' },
]
const commands = ['run', 'run-fast', 'generate-report']

const queryOf = (filter: ListFilter, rights: { deployments?: string[]; commands?: string[] } = {}): string => {
  const access = new Access({ scopes: ['read'], deployments: ['*'], commands: ['*'], ...rights })
  return visibilityQuery(filter, access, { deployments, commands })
}

const OURS = "WorkflowType = 'invokeCommand'"

describe('a key for everything', () => {
  test.each<[ListFilter, string]>([
    [{}, OURS],
    [{ deployment: 'acme-eu', command: 'run' }, `${OURS} AND AlienDeployment = 'acme-eu' AND AlienCommand = 'run'`],
    [{ status: 'failed' }, `${OURS} AND ExecutionStatus IN ('Failed', 'Terminated', 'TimedOut')`],
  ])('%j', (filter, query) => {
    expect(queryOf(filter)).toBe(query)
  })
})

describe('a key for some deployments asks for them by name', () => {
  test.each([
    [['acme-*'], "AlienDeployment IN ('acme-eu', 'acme-us')"],
    [['*-eu', 'dep_3'], "AlienDeployment IN ('acme-eu', 'globex')"],
    [['initech'], "AlienDeployment IN ('')"],
  ])('%j', (patterns, term) => {
    expect(queryOf({}, { deployments: patterns })).toBe(`${OURS} AND ${term}`)
  })
})

describe('a key for some commands asks for names and beginnings', () => {
  test.each([
    [['run', 'old'], "(AlienCommand IN ('run', 'old', 'run'))"],
    [['r*'], "(AlienCommand IN ('run', 'run-fast') OR AlienCommand STARTS_WITH 'r')"],
    [['*-report'], "(AlienCommand IN ('generate-report'))"],
    [['*-never'], "(AlienCommand IN (''))"],
  ])('%j', (patterns, term) => {
    expect(queryOf({}, { commands: patterns })).toBe(`${OURS} AND ${term}`)
  })

  test.each([
    [['*', '*-report'], false],
    [['run', 'generate-*'], false],
    [['*-report'], true],
    [['a*b*'], true],
  ])('%j: have the names of all commands to be known? %s', (patterns, needed) => {
    expect(needsCommandNames(new Access({ scopes: ['read'], deployments: ['*'], commands: patterns }))).toBe(needed)
  })
})
