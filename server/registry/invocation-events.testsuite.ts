/** What the registry keeps of what handlers say, whichever the engine. */
import { describe, expect, test } from 'vitest'
import type { EventBatch } from './invocation-events.js'
import type { Registry } from './open-registry.js'

let made = 0
const newId = (): string => `inv_talk_${String((made += 1)).padStart(16, '0')}`

const line = (message: string) => ({ json: JSON.stringify({ type: 'log', message }), count: 1 })
const dropped = (count: number) => ({ json: JSON.stringify({ type: 'dropped', count }), count })

const batch = (
  invocationId: string,
  first: number,
  messages: string[],
  more: Partial<EventBatch> = {},
): EventBatch => ({
  invocationId,
  attempt: 1,
  first,
  events: messages.map(line),
  finishes: false,
  ...more,
})

export function testInvocationEvents(opened: () => Registry, another: () => Registry): void {
  const append = (...batches: EventBatch[]) => opened().invocationEvents.append(batches)
  const head = async (id: string) => (await opened().invocationEvents.heads([id])).get(id)

  /** Number and text of all that is kept, and how many are missing before. */
  async function kept(id: string, after = 0) {
    const seen: [number, string][] = []
    let missing = 0
    for (let from = after; ;) {
      const chunk = await another().invocationEvents.next(id, from)
      if (chunk === undefined) return { missing, seen }
      missing += chunk.missing
      for (const { seq, json } of chunk.events) {
        const { type, message, count } = JSON.parse(json) as { type: string; message?: string; count?: number }
        seen.push([seq, type === 'log' ? (message ?? '') : `${type} ${count ?? ''}`])
        from = seq
      }
    }
  }

  describe('what handlers say', () => {
    test('is numbered in its order, and seen by every process', async () => {
      const [id, other] = [newId(), newId()]
      await append(batch(id, 1, ['a', 'b']), batch(other, 1, ['x']))
      await append(batch(id, 3, ['c']))
      expect(await kept(id)).toEqual({
        missing: 0,
        seen: [
          [1, 'a'],
          [2, 'b'],
          [3, 'c'],
        ],
      })
      expect(await kept(id, 1)).toMatchObject({ seen: [[2, 'b'], [3, 'c']] }) // prettier-ignore
      expect(await kept(id, 3)).toMatchObject({ seen: [] })
      expect(await head(id)).toEqual({ lastSeq: 3, finished: false })
      expect(await head(newId())).toBeUndefined()
    })

    test('is kept once, however often it is sent', async () => {
      const id = newId()
      await append(batch(id, 1, ['a', 'b']))
      await append(batch(id, 1, ['a', 'b']))
      await append(batch(id, 2, ['b', 'c'], { finishes: true }))
      await append(batch(id, 4, [], { finishes: true }))
      expect((await kept(id)).seen.map(([, text]) => text)).toEqual(['a', 'b', 'c'])
      expect(await head(id)).toEqual({ lastSeq: 3, finished: true })
    })

    test('of a new attempt begins anew, and the old one has no more to say', async () => {
      const id = newId()
      await append(batch(id, 1, ['a'], { finishes: true }))
      await append(batch(id, 1, ['b'], { attempt: 2 }))
      expect(await head(id)).toEqual({ lastSeq: 2, finished: false })
      await append(batch(id, 2, ['late']))
      expect((await kept(id)).seen.map(([, text]) => text)).toEqual(['a', 'b'])
    })

    test('counts what was dropped in its numbers', async () => {
      const id = newId()
      await append({ ...batch(id, 1, []), events: [dropped(900), line('a')] })
      expect(await kept(id)).toEqual({
        missing: 0,
        seen: [
          [900, 'dropped 900'],
          [901, 'a'],
        ],
      })
    })

    test('is bounded: the oldest make room, and it is known how many', async () => {
      const id = newId()
      await append({ ...batch(id, 1, []), events: [dropped(50), line('first')] })
      for (let from = 0; from < 5_000; from += 100) {
        await append(
          batch(
            id,
            from + 3,
            Array.from({ length: 100 }, (_, index) => `${from + index}`),
          ),
        )
      }
      const { missing, seen } = await kept(id)
      expect(seen.length).toBeLessThanOrEqual(2_100)
      expect(seen.length).toBeGreaterThan(1_500)
      expect(missing + seen.length).toBe(5_051)
      expect(seen.at(-1)).toEqual([5_051, '4999'])
      for (let count = 0; count < 40; count += 1) {
        await append(batch(id, 5_003 + count, ['x'.repeat(100_000)]))
      }
      expect((await kept(id)).seen.length).toBeLessThanOrEqual(11)
    })

    test('is written by many at once, each with numbers of its own', async () => {
      const ids = [newId(), newId(), newId()]
      const writers = Array.from({ length: 20 }, (_, writer) => {
        // In other orders, as agents send them. PostgreSQL does it over several connections.
        const order = writer % 3 === 0 ? ids : [...ids].reverse()
        return opened().invocationEvents.append(order.map((id) => batch(id, 1 + writer, [String(writer)])))
      })
      await Promise.all(writers)
      for (const id of ids) {
        const { seen } = await kept(id)
        expect(seen.map(([seq]) => seq)).toEqual(seen.map((_, index) => index + 1))
        expect(seen.length).toBeGreaterThanOrEqual(1)
      }
    })

    test('is forgotten after a time, some at once', async () => {
      const events = opened().invocationEvents
      while ((await events.forget(new Date(Date.now() + 1_000), 100)) > 0);
      const ids = [newId(), newId(), newId()]
      await append(...ids.map((id) => batch(id, 1, ['a'])))
      expect(await events.forget(new Date(Date.now() - 60_000), 2)).toBe(0)
      expect(await events.forget(new Date(Date.now() + 1_000), 2)).toBe(2)
      expect(await events.forget(new Date(Date.now() + 1_000), 2)).toBe(1)
      for (const id of ids) expect(await kept(id)).toEqual({ missing: 0, seen: [] })
    })
  })
}
