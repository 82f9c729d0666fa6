/** From a call to its result through Lambda itself, in both modes: the same on ministack and on Amazon's own. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { expect, test, vi } from 'vitest'
import { VERSION } from '../../workers/version.js'

export const LAMBDA_MODES = ['event', 'request-response'] as const

/** Of the functions that are called. */
export const DELIVERY_HANDLERS = `
import { command } from '@alienplatform/sdk'
command('echo', (value) => value)
command('throws', () => { throw Object.assign(new TypeError('no disk'), { code: 'E_DISK' }) })
command('wait', (_params, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))))
`

/** @param clientOf the deployment that a mode has */
export function testLambdaDelivery(clientOf: (mode: string) => CommandsClient): void {
  test.each(LAMBDA_MODES)('%s: a result', async (mode) => {
    for (const value of [{ rowCount: 3 }, 0, '', null]) {
      expect(await clientOf(mode).invoke('echo', value)).toEqual(value)
    }
  })

  test.each(LAMBDA_MODES)("%s: a handler's error", async (mode) => {
    await expect(clientOf(mode).invoke('throws')).rejects.toMatchObject({
      code: 'command_failed',
      details: { name: 'TypeError', message: 'no disk', code: 'E_DISK' },
    })
  })

  test.each(LAMBDA_MODES)('%s: a ping', async (mode) => {
    expect(await clientOf(mode).invoke('alien.ping')).toMatchObject({ runtime: 'lambda', version: VERSION })
  })

  test('a cancel reaches the handler within 2 s', async () => {
    const handle = await clientOf('event').start('wait')
    await vi.waitFor(async () => expect(await handle.status()).toBe('running'), { timeout: 15_000 })
    const askedAtMs = performance.now()
    expect(await handle.cancel()).toBe('stopped')
    expect(performance.now() - askedAtMs).toBeLessThan(2_000)
  })
}
