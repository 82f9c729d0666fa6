import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { locatePolicy, notePolicy, policyEnv } from './policy-location.js'

let file: string

beforeEach(async () => {
  file = join(await scratchDirectory(), 'alien-policy.json')
})

test('one that is named must be there', () => {
  expect(locatePolicy({ ALIEN_POLICY: 'policies/acme.json', ALIEN_POLICY_DEFAULT: file })).toEqual({
    file: resolve('policies/acme.json'),
    required: true,
  })
})

test.each([{}, { ALIEN_POLICY: '', ALIEN_POLICY_DEFAULT: '' }])('by default it is that of the folder: %j', (env) => {
  expect(locatePolicy(env)).toEqual({ file: resolve('alien-policy.json'), required: false })
})

test('the default one may be missing', () => {
  expect(locatePolicy({ ALIEN_POLICY_DEFAULT: file })).toEqual({ file, required: false })
})

test.each<[string, (path: string) => Promise<unknown>]>([
  ['a file', (path) => writeFile(path, '{}')],
  ['a link to nowhere', (path) => symlink('nowhere', path)],
  ['something else', (path) => mkdir(path)],
])('but must not be lost once it is there: %s', async (_what, make) => {
  await make(file)
  expect(locatePolicy({ ALIEN_POLICY_DEFAULT: file })).toEqual({ file, required: true })
})

test('nor when nobody can say whether it is there', async () => {
  const loop = join(dirname(file), 'loop')
  await symlink('loop', loop)
  file = join(loop, 'alien-policy.json')
  expect(locatePolicy({ ALIEN_POLICY_DEFAULT: file })).toEqual({ file, required: true })
})

test('nor when an agent has gone by it, whatever became of it meanwhile', async () => {
  const env = { ALIEN_POLICY_DEFAULT: file, ALIEN_STATE_DIR: join(dirname(file), 'state') }
  expect(locatePolicy(env)).toEqual({ file, required: false })
  notePolicy({ file, required: true }, env)
  expect(locatePolicy(env)).toEqual({ file, required: true })
  // Another place, or another agent, has nothing to do with it.
  const elsewhere = join(dirname(file), 'other', 'alien-policy.json')
  expect(locatePolicy({ ...env, ALIEN_POLICY_DEFAULT: elsewhere }).required).toBe(false)
  expect(locatePolicy({ ...env, ALIEN_STATE_DIR: await scratchDirectory() }).required).toBe(false)
})

test.each([true, false])('a process that is started looks at the same place, required: %s', (required) => {
  expect(locatePolicy({ ALIEN_POLICY: 'x', ALIEN_POLICY_DEFAULT: 'y', ...policyEnv({ file, required }) })).toEqual({
    file,
    required,
  })
})
