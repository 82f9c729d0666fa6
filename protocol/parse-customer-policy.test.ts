import { expect, test } from 'vitest'
import { parseCustomerPolicy } from './parse-customer-policy.js'

const FILE = '/etc/alien/alien-policy.json'

test('every key, the time in milliseconds', () => {
  const policy = {
    $schema: './alien-policy.schema.json',
    allow: ['report-*', 'status'],
    deny: ['*-tables'],
    readOnly: true,
    killSwitch: false,
    reason: 'change freeze until Monday, ask Ünal',
    maxRunTime: '2h',
    maxParamsBytes: 1,
    maxResultBytes: 65_536,
  }
  const parsed = parseCustomerPolicy(JSON.stringify(policy), FILE)
  expect(parsed).toEqual({ ...policy, maxRunTime: 7_200_000 })
  expect(Object.isFrozen(parsed)).toBe(true)
})

test.each(['{"reason": "\\"reason\\": {", "deny": ["deny", "deny"]}', '{"deny": ["a"], "reason": "deny:"}'])(
  'no key is twice in %s',
  (text) => {
    expect(parseCustomerPolicy(text, FILE)).toEqual(JSON.parse(text))
  },
)

test.each([{}, { allow: [] }, { maxRunTime: 24 * 86_400_000 }])('%j is good', (policy) => {
  expect(parseCustomerPolicy(JSON.stringify(policy), FILE)).toEqual(policy)
})

const PATTERN_RULE = 'must be a command\'s name, in which "*" stands for any characters, like "report-*"'
const TIME_RULE = 'must be a duration from 1ms to 24d, like "30s", "2h" or a number of milliseconds'

test.each<[string, string]>([
  ['{"deney": ["drop-*"]}', ': $.deney: unknown key; the nearest is "deny"'],
  ['{"readonly": true}', ': $.readonly: unknown key; the nearest is "readOnly"'],
  [
    '{"owner": "ops"}',
    ': $.owner: unknown key; known are "$schema", "allow", "deny", "readOnly", "killSwitch", "reason", "maxRunTime", "maxParamsBytes", "maxResultBytes"',
  ],
  ['{"allow": "report"}', ': $.allow: Invalid input: expected array, received string'],
  ['{"allow": ["a", 2]}', ': $.allow[1]: Invalid input: expected string, received number'],
  ['{"deny": ["drop-?"]}', `: $.deny[0]: "drop-?" ${PATTERN_RULE}`],
  ['{"deny": [""]}', `: $.deny[0]: "" ${PATTERN_RULE}`],
  ['{"killSwitch": "yes"}', ': $.killSwitch: "yes" must be true or false'],
  ['{"readOnly": 1}', ': $.readOnly: 1 must be true or false'],
  ['{"reason": "two\\nlines"}', ': $.reason: must be one line of 1 to 500 characters'],
  ['{"reason": ""}', ': $.reason: must be one line of 1 to 500 characters'],
  ['{"maxRunTime": "soon"}', `: $.maxRunTime: "soon" ${TIME_RULE}`],
  ['{"maxRunTime": 0}', `: $.maxRunTime: 0 ${TIME_RULE}`],
  ['{"maxRunTime": "25d"}', `: $.maxRunTime: "25d" ${TIME_RULE}`],
  ['{"maxParamsBytes": 0}', ': $.maxParamsBytes: 0 must be a whole number from 1 to 9007199254740991'],
  ['{"maxResultBytes": 1.5}', ': $.maxResultBytes: 1.5 must be a whole number from 1 to 9007199254740991'],
  [
    '{"deney": [], "killSwitch": 1}',
    ': $.killSwitch: 1 must be true or false; $.deney: unknown key; the nearest is "deny"',
  ],
  ['{"deny": ["a"], "deny": ["b"]}', ': $.deny: given more than once; put all of it in one'],
  [
    '{"killSwitch": true, "d\\u0065ny": [], "deny" : [], "killSwitch":false}',
    ': $.deny: given more than once; put all of it in one; $.killSwitch: given more than once; put all of it in one',
  ],
  ['[]', ': $: Invalid input: expected object, received array'],
  ['null', ': $: Invalid input: expected object, received null'],
  ['', ' is not JSON: Unexpected end of JSON input'],
])('%s is refused', (text, problem) => {
  expect(() => parseCustomerPolicy(text, FILE)).toThrow(
    expect.objectContaining({
      name: 'CommandError',
      code: 'invalid_request',
      message: `policy file ${FILE}${problem}`,
    }),
  )
})
