/** Documents that say what code says. `UPDATE_DOCS=1 npm test -- tests/docs` writes them. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { customerPolicySchema, type CustomerPolicy } from '../protocol/customer-policy.js'
import { METRICS, type MetricEntry } from '../observability/metric-table.js'
import { ERROR_CODES } from '../protocol/error-codes.js'
import { expectFile, expectTable } from './support/doc-tables.js'

const FILE = 'ARCHITECTURE.md'

test('the table of errors is that of the code', async () => {
  const rows = Object.entries(ERROR_CODES).map(([code, { httpStatus, exitCode, retryable, meaning }]) => [
    `\`${code}\``,
    String(httpStatus),
    String(exitCode),
    typeof retryable === 'string' ? 'by policy' : retryable ? 'yes' : 'no',
    meaning,
  ])
  await expectTable(FILE, 'error-codes', ['code', 'HTTP', 'CLI exit', 'try again?', 'meaning'], rows)
})

test('the table of layers is that of the check', async () => {
  const { LAYERS } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
    LAYERS: Record<string, readonly string[]>
  }
  const names = (layers: readonly string[]) => layers.map((layer) => `\`${layer}\``).join(', ')
  const rows = Object.entries(LAYERS).map(([layer, allowed]) => [
    `\`${layer}\``,
    allowed.length === 0 ? 'nothing of ours' : names(allowed),
  ])
  await expectTable(FILE, 'layers', ['layer', 'may import'], rows)
})

test('the table of metrics is that of the code', async () => {
  const rows = Object.values<MetricEntry>(METRICS).map(({ name, kind, labels, help }) => [
    `\`${name}\``,
    kind.replace('observed ', ''),
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ])
  await expectTable('docs/metrics.md', 'metrics', ['metric', 'kind', 'labels', 'what'], rows)
})

describe("the customer's policy file", () => {
  test('has the JSON Schema of the code', async () => {
    const schema = z.toJSONSchema(customerPolicySchema, { io: 'input' })
    await expectFile('docs/alien-policy.schema.json', JSON.stringify(schema))
  })

  const PAGE = 'docs/customer-policy.md'

  test('is documented with every key, and the example is a good one', async () => {
    const page = await readFile(PAGE, 'utf8')
    const documented = [...page.matchAll(/^\| `([$\w]+)` +\|/gm)].map(([, key]) => key)
    expect(documented).toEqual(Object.keys(customerPolicySchema.shape))
    const [, example = ''] = /```json\n([^]*?)```/.exec(page) ?? []
    const policy: CustomerPolicy = customerPolicySchema.parse(JSON.parse(example))
    expect(policy.deny).not.toEqual([])
  })
})
