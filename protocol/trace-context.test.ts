import { expect, test } from 'vitest'
import { traceContext, traceIdOf } from './trace-context.js'

const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

test('a good one is kept, and its state when that is not too long', () => {
  expect(traceContext(PARENT)).toStrictEqual({ traceparent: PARENT })
  expect(traceContext(PARENT, 'a=1')).toStrictEqual({ traceparent: PARENT, tracestate: 'a=1' })
  expect(traceContext(PARENT, `a=${'1'.repeat(511)}`)).toStrictEqual({ traceparent: PARENT })
  expect(traceIdOf({ traceparent: PARENT })).toBe('0af7651916cd43dd8448eb211c80319c')
})

test.each([
  [undefined],
  [['a', 'b']],
  ['00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331'],
  [PARENT.toUpperCase()],
  [`00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
  [`00-0af7651916cd43dd8448eb211c80319c-${'0'.repeat(16)}-01`],
  // No version of W3C's will be that.
  [PARENT.replace('00-', 'ff-')],
  [`${PARENT}\n`],
])('%j is none', (given) => expect(traceContext(given)).toBeUndefined())
