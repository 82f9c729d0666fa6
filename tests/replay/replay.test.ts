/**
 * The workflow against histories that earlier versions left in Temporal: a changed order of commands would break the
 * invocations under way at the moment of an upgrade. Recorded by `scripts/record-histories.js`.
 */
import { Worker } from '@temporalio/worker'
import { DeterminismViolationError } from '@temporalio/workflow'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { installTemporalRuntime } from '../../temporal/runtime.js'

const folder = fileURLToPath(new URL('histories/', import.meta.url))
const codePath = fileURLToPath(new URL('../../dist/workflows/bundle.js', import.meta.url))

const ignore = () => undefined

beforeAll(() =>
  installTemporalRuntime({ isLevelEnabled: () => false, debug: ignore, info: ignore, warn: ignore, error: ignore }),
)

const replay = (text: string): Promise<void> => {
  const { workflowId, history } = JSON.parse(text) as { workflowId: string; history: unknown }
  return Worker.runReplayHistory({ workflowBundle: { codePath } }, history, workflowId)
}

const files = readdirSync(folder)

test.each(files)('%s', async (file) => {
  await expect(replay(readFileSync(folder + file, 'utf8'))).resolves.toBeUndefined()
})

test('every version that was released has its histories, the one of package.json included', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  const released = [...readFileSync('CHANGELOG.md', 'utf8').matchAll(/^## \[?(\d+\.\d+\.\d+)/gm)].map(([, it]) => it)
  for (const known of [version, ...released]) {
    expect(
      files.filter((file) => file.startsWith(`v${String(known)}-`)).length,
      `histories of ${String(known)}`,
    ).toBeGreaterThanOrEqual(14)
  }
})

test('a history of another workflow is noticed', async () => {
  const text = readFileSync(`${folder}v0.1.0-succeeded.json`, 'utf8')
  // As a version that named its activities otherwise would have left it.
  await expect(replay(text.replaceAll('"attempt-1"', '"try-1"'))).rejects.toBeInstanceOf(DeterminismViolationError)
})
