/**
 * Lambda's Runtime API, which Amazon's runtime client polls: the next event, its response or its error, and what went wrong
 * while the handler was loaded. One event at a time, as in Lambda. What it does not model: time-outs, freezing.
 */
import { execa } from 'execa'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll } from 'vitest'
import { listening } from '../support/listening.js'
import { installed, LAMBDA_RUNTIME } from './tools.js'

const TIMEOUT_MS = 60_000

interface Invocation {
  readonly id: string
  readonly event: string
  readonly settle: (answer: LambdaAnswer) => void
}

interface LambdaAnswer {
  /** Whether the handler threw. */
  readonly isError: boolean
  readonly payload: unknown
}

export type InvokeLambda = (event: unknown) => Promise<LambdaAnswer>

/** Runs `index.handler` of the folder `taskRoot` in Amazon's runtime, until the test file ends. */
export async function startLambdaRuntime(taskRoot: string, env: Record<string, string>): Promise<InvokeLambda> {
  const tool = await installed(LAMBDA_RUNTIME)
  const queue: Invocation[] = []
  const running = new Map<string, Invocation>()
  let wake: () => void = () => undefined
  const server = createServer((request, response) => {
    void (async () => {
      const [, id = '', what = ''] = /invocation\/([^/]+)\/?(\w*)$/.exec(request.url ?? '') ?? []
      if (id === 'next') {
        while (queue.length === 0) await new Promise<void>((resolve) => (wake = resolve))
        const invocation = queue.shift() as Invocation
        running.set(invocation.id, invocation)
        response.writeHead(200, {
          'content-type': 'application/json',
          'lambda-runtime-aws-request-id': invocation.id,
          'lambda-runtime-deadline-ms': String(Date.now() + TIMEOUT_MS),
          'lambda-runtime-invoked-function-arn': 'arn:aws:lambda:us-east-1:123456789012:function:alien',
        })
        response.end(invocation.event)
        return
      }
      const payload: unknown = JSON.parse((await text(request)) || 'null')
      running.get(id)?.settle({ isError: what !== 'response', payload })
      running.delete(id)
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}')
    })()
  })
  const port = await listening(server)
  const child = execa(
    join(tool, 'node_modules/node/bin/node'),
    [join(tool, 'node_modules/aws-lambda-ric/index.mjs'), 'index.handler'],
    {
      cwd: taskRoot,
      stdin: 'ignore',
      reject: false,
      env: {
        ...env,
        _HANDLER: 'index.handler',
        LAMBDA_TASK_ROOT: taskRoot,
        AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
        AWS_LAMBDA_FUNCTION_NAME: 'alien',
        AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256',
        AWS_LAMBDA_LOG_GROUP_NAME: 'alien',
        AWS_LAMBDA_LOG_STREAM_NAME: 'alien',
      },
    },
  )
  afterAll(async () => {
    child.kill('SIGKILL')
    await child
    server.closeAllConnections()
    server.close()
  })
  const ended = child.then(({ stderr, stdout }) => Promise.reject(new Error(`the runtime ended: ${stderr}${stdout}`)))
  ended.catch(() => undefined)
  return (event) => {
    const answer = new Promise<LambdaAnswer>((settle) => {
      queue.push({ id: randomUUID(), event: JSON.stringify(event), settle })
      wake()
    })
    return Promise.race([answer, ended])
  }
}
