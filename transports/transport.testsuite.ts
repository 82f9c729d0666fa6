/** The contract of every way that commands go: what their callers see does not depend on it. */
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { inLanes } from '../bench/lanes.js'
import { eventually } from '../tests/support/eventually.js'
import { errorOf, lines } from '../tests/support/outcome.js'
import type { Road } from '../tests/transports/road.js'
import type { VendorSide } from '../tests/transports/vendor-side.js'

/** How much of what takes long. */
export interface Size {
  readonly commands: number
  readonly outageMs: number
  readonly redeliveries: number
}

/** What is asked of each transport. */
export const WHOLE: Size = { commands: 1_000, outageMs: 20_000, redeliveries: 4 }

const IN_FLIGHT = 32
const CANCEL_WITHIN_MS = 2_000

export function testTransport(
  { link, folder }: Pick<VendorSide, 'link' | 'folder'>,
  { client, redeliver, report }: Road,
  { commands, outageMs, redeliveries }: Size,
): void {
  const newFile = (): string => join(folder, randomUUID())
  const entered = (file: string): Promise<string> =>
    eventually('the handler is entered', async () => (await lines(file))[0], 30_000)
  const end = (file: string): Promise<void> => writeFile(`${file}.end`, '')

  describe('what it came to', () => {
    test.each([null, false, 0, '', 'text', -1.5, 1e21, [], {}, [null, { a: [0, '', {}] }]])(
      'the result %j',
      async (value) => {
        expect(await client.invoke('echo', { value })).toStrictEqual(value)
      },
    )

    test("a handler's error, with its code and its details", async () => {
      expect(await errorOf(client.invoke('fail'))).toMatchObject({
        code: 'command_failed',
        message: '"fail" failed: TypeError: no such table',
        details: { name: 'TypeError', message: 'no such table', code: 'E_TABLE', details: { table: 'orders' } },
      })
    })

    test('a command that is not there', async () => {
      expect(await errorOf(client.invoke('ech'))).toMatchObject({
        code: 'command_not_found',
        details: { nearest: expect.arrayContaining(['echo']) as string[] },
      })
    })

    test('params that break the schema', async () => {
      expect(await errorOf(client.invoke('typed', { days: 'x' }))).toMatchObject({ code: 'invalid_params' })
    })

    test('tried again, as its policy says', async () => {
      expect(await client.invoke('fail-twice', {}, { retry: { maxAttempts: 3, initialInterval: 10 } })).toBe(3)
    })

    test('progress, while it goes on', async () => {
      const file = newFile()
      const handle = await client.start('half', { file })
      const { value: first } = await handle.progress().next()
      expect(first).toMatchObject({ done: 1, total: 2, message: 'half of it', attempt: 1 })
      await end(file)
      expect(await handle.result()).toBe('done')
    })
  })

  describe('told to stop', () => {
    test('by its deadline', async () => {
      const file = newFile()
      const deadline = new Date(Date.now() + 3_000)
      expect(await errorOf(client.invoke('until-stopped', { file }, { deadline }))).toMatchObject({ code: 'timed_out' })
      await eventually('its handler hears of it', async () => (await lines(file))[1])
    })

    test('by a cancel, which the handler hears of within 2 s', async () => {
      const file = newFile()
      const handle = await client.start('until-stopped', { file })
      await entered(file)
      const askedAtMs = Date.now()
      expect(await handle.cancel()).toBe('stopped')
      const [, stopped = ''] = await lines(file)
      expect(Number(stopped.split(' ')[1]) - askedAtMs).toBeLessThan(CANCEL_WITHIN_MS)
    })
  })

  describe('delivered again', () => {
    test('while it is running, and when it is over: its handler is entered once', async () => {
      const file = newFile()
      const handle = await client.start('effect', { file })
      await entered(file)
      const again: Promise<unknown>[] = []
      for (let n = 0; n < redeliveries; n += 1) again.push(redeliver(handle))
      await Promise.race([Promise.all(again), delay(1_000)])
      await end(file)
      expect(await handle.result()).toBe('done')
      await Promise.all(again)
      expect(await lines(file)).toStrictEqual(['entered'])
    })
  })

  describe('the control plane is away', () => {
    test(`while the handler ends, for ${outageMs / 1_000} s: the result arrives`, async () => {
      const file = newFile()
      const handle = await client.start('effect', { file })
      await entered(file)
      link.cut('refuse')
      await end(file)
      await delay(outageMs)
      link.restore()
      expect(await handle.result()).toBe('done')
      expect(await lines(file)).toStrictEqual(['entered'])
    })
  })

  describe('a report that is not to be believed', () => {
    test.each(['wrong', 'foreign', 'expired'] as const)('with a token that is %s', async (ticket) => {
      const file = newFile()
      const handle = await client.start('effect', { file })
      await entered(file)
      expect(await report(handle, ticket)).toBe('refused')
      await end(file)
      expect(await handle.result()).toBe('done')
    })

    test('after its time is over: it is late, and changes nothing', async () => {
      const handle = await client.start('until-stopped', { file: newFile() }, { timeoutMs: 2_000 })
      const outcome = await errorOf(handle.result())
      expect(outcome).toMatchObject({ code: 'timed_out' })
      expect(await report(handle, 'own')).toBe('late')
      expect(await errorOf(client.getInvocation(handle.id).result())).toStrictEqual(outcome)
    })
  })

  test(`${commands} commands, ${IN_FLIGHT} at a time: each has its own result, and one effect`, async () => {
    const file = newFile()
    const numbers = Array.from({ length: commands }, (_, n) => n)
    const wrong: unknown[] = []
    await inLanes(commands, IN_FLIGHT, async (n) => {
      const result = await client.invoke('double', { file, n })
      if (result !== n * 2) wrong.push({ n, result })
    })
    expect(wrong).toStrictEqual([])
    expect((await lines(file)).map(Number).sort((a, b) => a - b)).toStrictEqual(numbers)
  }, 600_000)
}
