import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { readAgentToken } from './agent-token.js'

test('whoever asks after a rotation has the new token', async () => {
  const file = join(await scratchDirectory(), 'token')
  await writeFile(file, 'agt_old\n')
  const token = readAgentToken({ ALIEN_TOKEN_FILE: file })
  expect(token.current).toBe('agt_old')
  const rotated = new Promise<string>((resolve) => token.onRotated(resolve))
  await writeFile(`${file}.new`, 'agt_new\n')
  await rename(`${file}.new`, file)
  expect(await rotated).toBe('agt_new')
  expect(token.current).toBe('agt_new')
})
