/**
 * Runs a Temporal worker until it is told to stop or dies.
 *
 * A worker whose polls are refused for a minute goes to FAILED and stays there: its `run()` never settles, and the
 * process would live on deaf. So the state is watched, and FAILED is an error like any other.
 */
import type { Worker } from '@temporalio/worker'

/** What this needs of Temporal's worker. */
type RunnableWorker = Pick<Worker, 'run' | 'getState' | 'shutdown'>

const STATE_CHECK_MS = 1_000

/** `abandoned`: some handlers went on after the grace time, and hold the worker's connection open. */
export type WorkerEnd = 'drained' | 'abandoned'

/**
 * Resolves when the worker stopped because `signal` aborted.
 *
 * @throws {Error} when the worker failed
 */
export async function runWorker(worker: RunnableWorker, signal: AbortSignal): Promise<WorkerEnd> {
  let watch: NodeJS.Timeout | undefined
  const failed = new Promise<never>((_, reject) => {
    watch = setInterval(() => {
      if (worker.getState() === 'FAILED') {
        reject(new Error('Temporal refused the polls of this worker for too long, and it gave up'))
      }
    }, STATE_CHECK_MS)
  })
  const stop = () => {
    if (worker.getState() === 'RUNNING') worker.shutdown()
  }
  const running = worker.run()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    await Promise.race([running, failed])
    return 'drained'
  } catch (error) {
    // Whatever Temporal makes of handlers that do not end: the worker was told to stop, and polls no more.
    if (signal.aborted) return 'abandoned'
    throw error
  } finally {
    clearInterval(watch)
    signal.removeEventListener('abort', stop)
  }
}
