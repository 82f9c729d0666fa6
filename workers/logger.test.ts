import { execa } from 'execa'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'

const LOGGER = pathToFileURL('dist/workers/logger.js').href

/** Each line on stderr, of a process of its own: the log is that of a process. */
async function logged(code: string, env: Record<string, string> = {}): Promise<string[]> {
  const program = `import { createLogger, toggleDebugOnSignal } from '${LOGGER}'\nconst log = createLogger('test')\n${code}`
  const { stderr } = await execa(process.execPath, ['--input-type=module', '--eval', program], { env })
  return stderr.split('\n')
}

test('lines are JSON where nobody reads them, and no secret is in them, wherever it was', async () => {
  const lines = await logged(`
    log.info({ token: 'hunter2', headers: { authorization: 'hunter2', host: 'a' }, params: { a: 'hunter2' } }, 'one')
    log.child({ result: 'hunter2' }).warn({ error: { password: 'hunter2' }, tokenId: 'keyid_1' }, 'two')`)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
    { name: 'test', msg: 'one', token: '[redacted]', headers: { authorization: '[redacted]', host: 'a' } },
    { msg: 'two', result: '[redacted]', error: { password: '[redacted]' }, tokenId: 'keyid_1' },
  ])
  expect(lines.join()).not.toContain('hunter2')
})

test('no secret is in them however deep it is, and however it is spelled', async () => {
  const [one = '', two = '', three = ''] = await logged(`
    const authorization = 'hunter2'
    log.info({ headers: { Authorization: 'hunter2' }, api_key: 'hunter2', request: { headers: { authorization } } }, 'one')
    log.error({ err: Object.assign(new Error('failed'), { config: { headers: { authorization } } }) }, 'two')
    const round = { at: new Date(0), list: [{ 'Access-Token': 'hunter2' }] }
    round.self = round
    log.info({ round }, 'three')`)
  expect(one + two + three).not.toContain('hunter2')
  expect(JSON.parse(one)).toMatchObject({
    headers: { Authorization: '[redacted]' },
    api_key: '[redacted]',
    request: { headers: { authorization: '[redacted]' } },
  })
  expect(JSON.parse(two)).toMatchObject({
    err: {
      message: 'failed',
      stack: expect.any(String) as string,
      config: { headers: { authorization: '[redacted]' } },
    },
  })
  expect(JSON.parse(three)).toMatchObject({
    round: { at: '1970-01-01T00:00:00.000Z', list: [{ 'Access-Token': '[redacted]' }] },
  })
  expect(three).toContain('[too deep]')
})

test('no secret is in what a child logger, or its child, was given; nor in an error of any name', async () => {
  const [line = ''] = await logged(`
    const request = { headers: { authorization: 'hunter2', host: 'a' } }
    const child = log.child({ request, api_key: 'hunter2' }).child({ attempt: { response_token: 'hunter2', number: 1 } })
    child.warn({ reason: Object.assign(new Error('failed'), { request }) }, 'one')`)
  expect(line).not.toContain('hunter2')
  expect(JSON.parse(line)).toMatchObject({
    request: { headers: { authorization: '[redacted]', host: 'a' } },
    api_key: '[redacted]',
    attempt: { response_token: '[redacted]', number: 1 },
    reason: { message: 'failed', request: { headers: { authorization: '[redacted]', host: 'a' } } },
    msg: 'one',
  })
})

test('the level is that of the environment until a signal says otherwise', async () => {
  const lines = await logged(
    `toggleDebugOnSignal(log)
    const alive = setInterval(() => undefined, 1_000)
    const signalled = () => new Promise((resolve) => { process.once('SIGUSR2', resolve); process.kill(process.pid, 'SIGUSR2') })
    log.info('unheard')
    await signalled()
    log.debug('heard')
    await signalled()
    log.info('unheard')
    clearInterval(alive)`,
    { ALIEN_LOG_LEVEL: 'warn' },
  )
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toStrictEqual([
    'the log level has changed',
    'heard',
    'the log level has changed',
  ])
})
