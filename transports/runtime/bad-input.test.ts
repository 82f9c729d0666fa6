/** Whatever a transport brings, a runtime says what is wrong with it, and goes on. */
import { expect, test } from 'vitest'
import type { Handler } from '../../sdk/command.js'
import { TestControlPlane, testEnvelope, testSettings } from './control-plane.testsuite.js'
import { createHandlerRuntime } from './handler-runtime.js'

async function world(handler: Handler) {
  const plane = await TestControlPlane.start()
  return { plane, runtime: createHandlerRuntime('test', testSettings(plane, handler)) }
}

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['null', null],
  ['a number', 42],
  ['a list', []],
  ['an empty object', {}],
  ['no bytes', new Uint8Array()],
  ['bytes that are no UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
  ['JSON that is nested too deeply', `{"params":${'['.repeat(5_000)}`],
  ['__proto__', '{"__proto__":{"version":1}}'],
])('%s, and goes on', async (_, delivered) => {
  const { plane, runtime } = await world(() => 'done')
  await expect(runtime.deliver(delivered)).resolves.toMatchObject({
    kind: 'refused',
    error: { code: 'invalid_request', message: expect.stringMatching(/^bad envelope: /) as string },
  })
  await runtime.deliver(testEnvelope(plane.url))
  expect(plane.responses).toMatchObject([{ result: 'done' }])
})

test('params that were parsed, and are nested deeper than anybody can write', async () => {
  const { plane, runtime } = await world((params: unknown) => params)
  const params = JSON.parse('['.repeat(20_000) + ']'.repeat(20_000)) as never
  await runtime.deliver({ ...testEnvelope(plane.url), params })
  expect(plane.responses).toMatchObject([{ status: 'failed', error: { code: 'invalid_result' } }])
})
