/** The policies in docs/lambda.md: JSON that IAM takes, one action on one exact resource each. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const page = await readFile('docs/lambda.md', 'utf8')
const policies = [...page.matchAll(/<!-- iam: (\w+) -->\s+```json\n(.*?)```/gs)].map(([, side, json]) => ({
  side,
  json,
}))

test('there is one for each side', () => {
  expect(policies.map(({ side }) => side)).toStrictEqual(['trust', 'customer', 'vendor', 'function', 'queue'])
})

test.each(policies)('$side allows what it has to, on exact resources', ({ side, json }) => {
  const { Version, Statement } = JSON.parse(json ?? '')
  expect([Version, Statement.length]).toStrictEqual(['2012-10-17', 1])
  const [{ Effect, Action, Resource, Principal, Condition }] = Statement
  expect(Effect).toBe('Allow')
  for (const action of [Action].flat()) expect(action).toMatch(/^[a-z]+:[A-Za-z]+$/)
  if (side === 'trust') {
    expect(Principal.AWS).toMatch(/^arn:aws:iam::\d{12}:role\/[\w-]+$/)
    expect(Object.keys(Condition.StringEquals)).toStrictEqual(['sts:ExternalId'])
  } else {
    // A log's streams are below its group.
    expect(Resource).toMatch(/^arn:aws:(lambda|iam|logs|sqs):[a-z0-9-]*:\d{12}:[\w:/-]+(:\*)?$/)
    expect(Resource.endsWith('*')).toBe(side === 'function')
  }
})
