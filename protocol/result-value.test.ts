import { expect, test } from 'vitest'
import { isResultValue, RESULT_VALUE } from './result-value.js'

test('an object with the method is one, also by inheritance', () => {
  class Value {
    [RESULT_VALUE](): Promise<number> {
      return Promise.resolve(1)
    }
  }
  expect(isResultValue(new Value())).toBe(true)
})

test.each([null, undefined, 1, 'text', {}, [], { [RESULT_VALUE]: 1 }])('%o is none', (value) => {
  expect(isResultValue(value)).toBe(false)
})

test('the symbol is the same in every copy of the package', () => {
  expect(RESULT_VALUE).toBe(Symbol.for('alienplatform.resultValue'))
})
