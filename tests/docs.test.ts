/** Documents that say what code says. `UPDATE_DOCS=1 npm test -- tests/docs` writes them. */
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { format, resolveConfig } from 'prettier'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { customerPolicySchema, type CustomerPolicy } from '../protocol/customer-policy.js'
import { METRICS, type MetricEntry } from '../observability/metric-table.js'
import { ERROR_CODES } from '../protocol/error-codes.js'

const FILE = 'ARCHITECTURE.md'

const between = (name: string): RegExp => new RegExp(`(<!-- ${name} -->\n)[^]*(<!-- /${name} -->)`)

async function expectTable(
  name: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  file = FILE,
): Promise<void> {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
  const text = await readFile(file, 'utf8')
  const replaced = text.replace(between(name), (_all, open: string, close: string) => `${open}\n${table}\n\n${close}`)
  await expectFile(file, replaced)
}

async function expectFile(file: string, content: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const wanted = await format(content, { ...(await resolveConfig(file)), filepath: file })
  if (process.env['UPDATE_DOCS'] !== undefined) await writeFile(file, wanted)
  expect(text).toBe(wanted)
}

test('the table of errors is that of the code', async () => {
  const rows = Object.entries(ERROR_CODES).map(([code, { httpStatus, exitCode, retryable, meaning }]) => [
    `\`${code}\``,
    String(httpStatus),
    String(exitCode),
    typeof retryable === 'string' ? 'by policy' : retryable ? 'yes' : 'no',
    meaning,
  ])
  await expectTable('error-codes', ['code', 'HTTP', 'CLI exit', 'try again?', 'meaning'], rows)
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
  await expectTable('layers', ['layer', 'may import'], rows)
})

test('the table of metrics is that of the code', async () => {
  const rows = Object.values<MetricEntry>(METRICS).map(({ name, kind, labels, help }) => [
    `\`${name}\``,
    kind.replace('observed ', ''),
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ])
  await expectTable('metrics', ['metric', 'kind', 'labels', 'what'], rows, 'docs/metrics.md')
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
