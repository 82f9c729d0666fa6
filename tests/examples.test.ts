/** The examples, each as its README says to run it: to its own last check, and with the output that is shown there. */
import { execa } from 'execa'
import { readFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { cliEnv } from './support/cli.js'

/** `UPDATE_DOCS=1 npm test -- tests/examples` writes it. */
const SHOWN = /(It prints:\n\n```text\n)[^]*?(```)/

test.each(['ai-agent', 'data-connector'])('%s', async (name) => {
  const { stdout } = await execa(process.execPath, ['scripts/example.js', name], { env: cliEnv(), extendEnv: false })
  const file = `examples/${name}/README.md`
  const readme = await readFile(file, 'utf8')
  const wanted = readme.replace(SHOWN, (_all, open: string, close: string) => `${open}${stdout}\n${close}`)
  if (process.env['UPDATE_DOCS'] !== undefined) await writeFile(file, wanted)
  expect(readme).toBe(wanted)
})

test('one that does not exist is told, with those that do', async () => {
  const { exitCode, stderr } = await execa(process.execPath, ['scripts/example.js', 'nothing'], { reject: false })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('there is no example "nothing"; run: npm run example ai-agent | data-connector')
})
