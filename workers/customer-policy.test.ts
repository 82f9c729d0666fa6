import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import { beforeEach, expect, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { openCustomerPolicy } from './customer-policy.js'

const ATTEMPT = { command: 'echo', readOnly: false, params: {}, deployment: 'acme' }

let file: string
let env: NodeJS.ProcessEnv
let lines: string[]

beforeEach(async () => {
  const folder = await scratchDirectory()
  file = join(folder, 'alien-policy.json')
  env = { ALIEN_POLICY_DEFAULT: file, ALIEN_STATE_DIR: join(folder, 'state') }
  lines = []
})

const open = () => openCustomerPolicy(env, pino({}, { write: (line) => void lines.push(line) }))

test('without a file everything may run', async () => {
  const gate = await open()
  expect(() => gate.check(ATTEMPT)).not.toThrow()
})

test('an agent that is started without the file that was in force does not start', async () => {
  await writeFile(file, '{"allow": []}')
  const gate = await open()
  expect(() => gate.check(ATTEMPT)).toThrow(expect.objectContaining({ code: 'refused' }))
  await rm(file)
  await expect(open()).rejects.toMatchObject({
    code: 'invalid_request',
    message: `there is no policy file ${file}; write one, {} allows everything, or name another with --policy or ALIEN_POLICY`,
  })
  await writeFile(file, '{}')
  ;(await open()).check(ATTEMPT)
})

test('a policy is in force though it cannot be noted, which is told', async () => {
  await writeFile(file, '{"allow": []}')
  // Where the note would be is a folder.
  await mkdir(join(String(env['ALIEN_STATE_DIR']), 'policy-in-force'), { recursive: true })
  const gate = await open()
  expect(() => gate.check(ATTEMPT)).toThrow(expect.objectContaining({ code: 'refused' }))
  expect(lines.filter((line) => line.includes('cannot be noted'))).toHaveLength(1)
})
