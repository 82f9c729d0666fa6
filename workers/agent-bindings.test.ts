import { pino } from 'pino'
import { expect, test } from 'vitest'
import { resolveStorage } from '../bindings/resolve-binding.js'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { checkBindings } from './agent-bindings.js'

function recordingLog() {
  const lines: string[] = []
  return { lines, log: pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) }) }
}

test('an agent starts with good bindings only, and is told of every mistake', () => {
  const { log } = recordingLog()
  expect(() => checkBindings({ ALIEN_A_BINDING: '{"service":"memory"}' }, log)).not.toThrow()
  expect(() => checkBindings({ ALIEN_A_BINDING: '{', ALIEN_B_BINDING: '[' }, log)).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      message: expect.stringMatching(/^2 bindings are wrong:\n {2}ALIEN_A_.*\n {2}ALIEN_B_.*$/) as string,
    }),
  )
  expect(() => checkBindings({ ALIEN_A_BINDING: '{' }, log)).toThrow('a binding is wrong:')
})

test('a local binding that stands in for one that is not configured is told, once', async () => {
  const { lines, log } = recordingLog()
  const stateDir = await scratchDirectory()
  const environment = { ALIEN_LOCAL_BINDINGS: '1', ALIEN_STATE_DIR: stateDir }
  checkBindings(environment, log)
  resolveStorage('workspace', environment)
  resolveStorage('workspace', environment)
  resolveStorage('other', { ALIEN_OTHER_BINDING: '{"service":"memory"}' })
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    `storage "workspace" is not configured by ALIEN_WORKSPACE_BINDING: a local one stands in, in ${stateDir}`,
  ])
})
