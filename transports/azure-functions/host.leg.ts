/** What `alien build` makes for Azure Functions, in the Functions host, where that can be had. */
import { ServiceBusClient } from '@azure/service-bus'
import { execa } from 'execa'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { leg } from '../../tests/cloud/leg.js'
import { openNamespace } from '../../tests/cloud/service-bus/namespace.js'
import { FUNCTIONS_CORE_TOOLS, installed } from '../../tests/cloud/tools.js'
import { alien } from '../../tests/support/cli.js'
import { freePort } from '../../temporal/free-port.js'
import { TestControlPlane, testEnvelope } from '../runtime/control-plane.testsuite.js'

const HANDLERS = `
import { command } from '@alienplatform/sdk'
command('echo', (value) => value)
`

await leg(
  'Azure Functions, in its host',
  async () => {
    const tool = await installed(FUNCTIONS_CORE_TOOLS)
    const folder = await mkdtemp(join(tmpdir(), 'alien-functions-'))
    afterAll(() => rm(folder, { recursive: true, force: true }))
    await writeFile(join(folder, 'handlers.ts'), HANDLERS)
    await alien(['build', 'handlers.ts', '--target', 'azure-functions'], { cwd: folder })
    const cwd = join(folder, 'build/azure-functions')
    await execa('npm', ['install', '--no-audit', '--no-fund'], { cwd, stdin: 'ignore' })
    const { connectionString, createQueue } = await openNamespace()
    const [queue, plane] = [await createQueue(), await TestControlPlane.start(afterAll)]
    const Values = {
      FUNCTIONS_WORKER_RUNTIME: 'node',
      ServiceBus: connectionString,
      SERVICEBUS_QUEUE: queue,
      ALIEN_URL: plane.url,
      ALIEN_DEPLOYMENT_ID: 'dep_1',
    }
    await writeFile(join(cwd, 'local.settings.json'), JSON.stringify({ IsEncrypted: false, Values }))
    const func = join(tool, 'node_modules/.bin/func')
    const host = execa(func, ['start', '--port', String(await freePort())], { cwd, stdin: 'ignore', reject: false })
    afterAll(async () => {
      host.kill('SIGTERM')
      await host
    })
    const client = new ServiceBusClient(connectionString)
    afterAll(() => client.close())
    return { plane, sender: client.createSender(queue) }
  },
  ({ plane, sender }) => {
    test('a result arrives', async () => {
      const envelope = testEnvelope(plane.url, { command: 'echo', params: [0, ''] })
      await sender.sendMessages({ body: Buffer.from(JSON.stringify(envelope)), contentType: 'application/json' })
      expect(await plane.responseOf(envelope)).toStrictEqual({ attempt: 1, status: 'succeeded', result: [0, ''] })
    })
  },
)
