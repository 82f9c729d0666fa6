import { expect, test } from 'vitest'
import { runWorker } from './run-worker.js'

/** Temporal's worker as it behaves after its polls were refused for a minute: FAILED, and `run()` never settles. */
const zombie = () => {
  const asked = { shutdown: false }
  const worker = {
    run: () => new Promise<void>(() => undefined),
    getState: () => 'FAILED' as const,
    shutdown: () => {
      asked.shutdown = true
    },
  }
  return { worker, asked }
}

/** One that runs until it is asked to stop. */
const healthy = () => {
  let state: 'RUNNING' | 'STOPPED' = 'RUNNING'
  let end: () => void = () => undefined
  return {
    run: () => new Promise<void>((resolve) => (end = resolve)),
    getState: () => state,
    shutdown: () => {
      state = 'STOPPED'
      end()
    },
  }
}

test('a worker that gave up is an error, though its run never ends', async () => {
  const { worker, asked } = zombie()
  await expect(runWorker(worker, new AbortController().signal)).rejects.toThrow(
    'Temporal refused the polls of this worker for too long, and it gave up',
  )
  // Asking a failed worker to shut down throws.
  expect(asked.shutdown).toBe(false)
})

test('a signal stops a running worker', async () => {
  const stop = new AbortController()
  const running = runWorker(healthy(), stop.signal)
  stop.abort()
  await expect(running).resolves.toBe('drained')
})

test('a signal that came early stops it too', async () => {
  await expect(runWorker(healthy(), AbortSignal.abort())).resolves.toBe('drained')
})
