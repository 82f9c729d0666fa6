/**
 * Records the workflow histories that `tests/replay/` replays: one of each way an invocation can go. Run it when the
 * workflow gets a new way, under a name that says so; never to replace a recorded history, for those stand for the
 * invocations under way at our users.
 *
 *   node scripts/record-histories.js VERSION [NAME …]      default: all
 */
import { Client, Connection } from '@temporalio/client'
import protoUtils from '@temporalio/common/lib/proto-utils.js'
import { mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { startDeafPoll } from '../tests/support/deaf-poll.js'
import { startPushed } from '../tests/support/pushed.js'
import { bootstrap } from './bootstrap.js'

bootstrap()
const [version = 'next', ...only] = process.argv.slice(2)
const lambda = await startPushed()
const { startTestStack } = await import('@alienplatform/sdk/testing')
const stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
const connection = await Connection.connect({ address: stack.state.temporalAddress })
const temporal = new Client({ connection })
const client = stack.client()
const file = join(tmpdir(), `alien-record-${process.pid}`)
const retry = { maxAttempts: 3, initialInterval: 10 }

const { url, token } = stack.state
const createDeployment = (body) =>
  fetch(`${url}/v1/deployments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
await createDeployment({ name: 'nobody-home' })
for (const invocation of ['event', 'request-response']) {
  const functionArn = `arn:aws:lambda:eu-central-1:123456789012:function:${invocation}`
  // A silent one counts as lost soon.
  const commands = [{ name: 'report', policy: { heartbeatTimeout: '3s' } }]
  await createDeployment({ name: invocation, transport: { kind: 'lambda', functionArn, invocation }, commands })
}

/** Starts one that is pushed; `runtime` is given what arrives, and does as the function's runtime would. */
const pushed = async (runtime, options = {}, deployment = 'event') => {
  const handle = await stack.client(deployment).start('report', { days: 7 }, options)
  await runtime(handle)
  return handle
}
const succeeded = { status: 'succeeded', result: { rowCount: 3 } }
const failed = { status: 'failed', error: { code: 'command_failed', message: '"report" failed: Error: no' } }

/** Each: how to start it, and what to do meanwhile. */
const CASES = {
  succeeded: () => client.start('echo', { value: { rowCount: 3 } }),
  failed: () => client.start('fail'),
  'retried-then-succeeded': () => client.start('fail-twice'),
  'retried-then-failed': () => client.start('fail', {}, { retry }),
  'retryable-then-succeeded': () => client.start('busy-twice'),
  'timed-out': () => client.start('sleep', { ms: 60_000 }, { timeoutMs: 300 }),
  'deadline-over': () => client.start('sleep', { ms: 60_000 }, { deadline: new Date(Date.now() + 400) }),
  'agent-lost-then-succeeded': async () => {
    const handle = await client.start('die-once')
    await handle.result()
    return handle
  },
  'agents-lost-further-on-then-succeeded': () => client.start('die-further'),
  'not-delivered-then-succeeded': notDelivered,
  'agent-lost-at-most-once': () => client.start('die-at-most-once'),
  'canceled-and-finished-first': async () => {
    const handle = await client.start('sleep', { ms: 3_000 })
    while ((await handle.status()) !== 'running');
    await temporal.workflow.getHandle(handle.id).cancel()
    return handle
  },
  'canceled-by-update': async () => {
    const handle = await client.start('until-stopped', { file })
    while ((await handle.status()) !== 'running');
    await handle.cancel({ reason: 'recorded' })
    return handle
  },
  'canceled-before-it-started': async () => {
    const handle = await stack.client('nobody-home').start('echo')
    await handle.cancel()
    return handle
  },
  'pushed-then-succeeded': () => pushed(async () => lambda.report(await lambda.next(), succeeded)),
  'pushed-then-failed': () => pushed(async () => lambda.report(await lambda.next(), failed)),
  'pushed-retried-then-succeeded': () =>
    pushed(
      async () => {
        await lambda.report(await lambda.next(), { ...failed, checkpoint: { row: 7 } })
        await lambda.report(await lambda.next(), succeeded)
      },
      { retry },
    ),
  'pushed-and-answered': () => {
    lambda.answers.push({ status: 200, body: succeeded })
    return pushed(() => lambda.next(), {}, 'request-response')
  },
  'pushed-not-taken-then-succeeded': () => {
    lambda.answers.push({ status: 429, body: {} })
    return pushed(async () => {
      await lambda.next()
      await lambda.report(await lambda.next(), succeeded)
    })
  },
  'pushed-and-refused': () => {
    lambda.answers.push({ status: 404, body: {} })
    return pushed(() => lambda.next())
  },
  'pushed-twice-then-succeeded-by-the-first': () =>
    pushed(async () => {
      const first = await lambda.next()
      await lambda.next()
      await lambda.report(first, succeeded)
    }),
  'pushed-and-never-heard-of': () =>
    pushed(
      async () => {
        await lambda.next()
        await lambda.next()
      },
      { queueTimeoutMs: 5_000 },
    ),
  'pushed-and-canceled': () =>
    pushed(async (handle) => {
      const envelope = await lambda.next()
      await lambda.heartbeat(envelope)
      const verdict = handle.cancel({ reason: 'recorded' })
      while (!(await lambda.heartbeat(envelope)).cancelRequested);
      await lambda.report(envelope, { status: 'canceled', stopped: true, entered: true })
      await verdict
    }),
  'canceled-between-attempts': async () => {
    const handle = await client.start('fail', {}, { retry: { ...retry, initialInterval: '1m' } })
    // Long after the first attempt has failed, and long before the second begins.
    await delay(2_000)
    await handle.cancel()
    return handle
  },
}

/** On a deployment of its own, since an agent that hears would be quicker. */
async function notDelivered() {
  const { url, token } = stack.state
  const post = async (path, body, as) => {
    const headers = { authorization: `Bearer ${as}`, 'content-type': 'application/json' }
    return (await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })).json()
  }
  const { id, agentToken } = await post('/v1/deployments', { name: 'deaf' }, token)
  await post('/v1/agent/session', { commands: [{ name: 'echo', policy: {} }] }, agentToken)
  const drop = startDeafPoll(url, agentToken, `deployment-${id}`)
  const handle = await stack.client('deaf').start('echo', { value: { rowCount: 3 } })
  const workflow = temporal.workflow.getHandle(handle.id)
  while (!(await workflow.describe()).raw.pendingActivities?.some(({ lastStartedTime }) => lastStartedTime));
  drop()
  const agent = execa('node', ['dist/cli/main.js', 'agent', 'start', 'tests/fixtures/handlers.ts'], {
    env: { ALIEN_URL: url, ALIEN_TOKEN: agentToken, ALIEN_LOG_LEVEL: 'error' },
    stdio: ['ignore', 'ignore', 'inherit'],
    reject: false,
  })
  await handle.result()
  agent.kill('SIGTERM')
  await agent
  return handle
}

const folder = join('tests', 'replay', 'histories')
await mkdir(folder, { recursive: true })
for (const [name, start] of Object.entries(CASES).filter(([name]) => only.length === 0 || only.includes(name))) {
  const handle = await start()
  await handle.result().catch(() => undefined)
  const history = await temporal.workflow.getHandle(handle.id).fetchHistory()
  const file = join(folder, `${version}-${name}.json`)
  await writeFile(
    file,
    `${JSON.stringify({ workflowId: handle.id, history: JSON.parse(protoUtils.historyToJSON(history)) }, null, 1)}\n`,
  )
  process.stderr.write(`${file}: ${history.events.length} events, ${await handle.status()}\n`)
}
await connection.close()
await stack.close()
lambda.close()
