/** A program of the bench in a process of its own, asked over Node's channel, one question at a time. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

export interface Child<Ready, Question, Answer> {
  /** What it said when it was ready. */
  readonly ready: Ready
  readonly ask: (question: Question) => Promise<Answer>
  readonly stop: () => Promise<void>
}

/** What a child sends: `ready` once, then one `answer` or `failed` for each question. */
export type ChildMessage =
  { readonly kind: 'ready' | 'answer'; readonly value: unknown } | { readonly kind: 'failed'; readonly reason: string }

/** Never an external cluster: the systems must share one machine and one kind of server. */
const OTHER_CLUSTER = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE']

export async function startChild<Ready, Question extends object = never, Answer = never>(
  file: string,
  settings: object = {},
  nodeFlags: readonly string[] = [],
): Promise<Child<Ready, Question, Answer>> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([key]) => !OTHER_CLUSTER.includes(key)))
  const child = fork(file, [JSON.stringify(settings)], {
    env,
    stdio: ['ignore', 2, 2, 'ipc'],
    execArgv: [...nodeFlags],
  })
  return {
    ready: (await nextValue(file, child)) as Ready,
    ask: (question) => {
      const answer = nextValue(file, child)
      child.send(question)
      return answer as Promise<Answer>
    },
    stop: () => stop(child),
  }
}

/** @throws {Error} when the child failed or ended instead */
function nextValue(file: string, child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: ChildMessage): void => {
      child.off('exit', onExit)
      if (message.kind === 'failed') reject(new Error(`${file}: ${message.reason}`))
      else resolve(message.value)
    }
    const onExit = (code: number | null, signal: NodeJS.Signals | null): void => {
      child.off('message', onMessage)
      reject(new Error(`${file} ended with ${signal ?? `code ${String(code)}`} before it answered`))
    }
    child.once('message', onMessage)
    child.once('exit', onExit)
  })
}

/** The end of the channel is the order to stop. */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.disconnect()
  await exited
}
