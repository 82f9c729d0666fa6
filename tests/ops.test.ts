/** Dashboard and alert rules speak of metrics that there are, and rules do what they say. */
import { execa } from 'execa'
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { METRICS, type MetricEntry } from '../observability/metric-table.js'
import { debianTool } from '../scripts/debian-tools.js'

const ALERTS = 'ops/alerts.yml'
const DASHBOARD = 'ops/grafana-dashboard.json'

const known = new Map(Object.values<MetricEntry>(METRICS).map((entry) => [entry.name, entry]))
/** Temporal's own, which its SDK names, and what Prometheus adds to every target. */
const FOREIGN = new Set(['temporal_workflow_task_schedule_to_start_latency'])
const OF_A_TARGET = ['instance', 'job', 'le']

const metricsIn = (text: string): string[] =>
  [...text.matchAll(/\b(?:alien|process|nodejs|temporal)_[a-z_]+/g)].map(([name]) => {
    const family = name.replace(/_(bucket|sum|count)$/, '')
    return known.get(family)?.kind === 'histogram' || FOREIGN.has(family) ? family : name
  })

interface Panel {
  readonly title: string
  readonly targets: readonly { readonly expr: string }[]
}

const dashboard = async () => JSON.parse(await readFile(DASHBOARD, 'utf8')) as { readonly panels: readonly Panel[] }

const alerts = async () =>
  [...(await readFile(ALERTS, 'utf8')).matchAll(/- alert: (\w+)/g)].map(([, name]) => name ?? '')

test.each([ALERTS, 'ops/alerts.test.yml', DASHBOARD])('%s names metrics that there are', async (file) => {
  const named = metricsIn(await readFile(file, 'utf8'))
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((name) => !known.has(name) && !FOREIGN.has(name))).toStrictEqual([])
})

test('each panel asks for labels that its metrics have', async () => {
  for (const { title, targets } of (await dashboard()).panels) {
    for (const { expr } of targets) {
      const [name = ''] = metricsIn(expr)
      const labels = [...(known.get(name)?.labels ?? []), ...OF_A_TARGET]
      const asked = [
        ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
        ...[...expr.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
      ]
      expect({ title, foreign: asked.filter((label) => !labels.includes(label)) }).toStrictEqual({ title, foreign: [] })
    }
  }
})

test('each alert goes by labels that its metrics have, and names such in its summary', async () => {
  for (const [rule, alert] of [
    ...(await readFile(ALERTS, 'utf8')).matchAll(/- alert: (\w+)[^]*?(?=\n {6}- alert|$)/g),
  ]) {
    const labels = [...metricsIn(rule).flatMap((name) => known.get(name)?.labels ?? []), ...OF_A_TARGET]
    const asked = [
      ...[...rule.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
      ...[...rule.matchAll(/(\w+)(?:=~|!~|!=|=)"/g)].map(([, label = '']) => label),
      ...[...rule.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label),
    ]
    expect({ alert, foreign: asked.filter((label) => !labels.includes(label)) }).toStrictEqual({ alert, foreign: [] })
  }
})

test('each of our metrics is on the dashboard, or in a rule', async () => {
  const named = new Set([...metricsIn(await readFile(DASHBOARD, 'utf8')), ...metricsIn(await readFile(ALERTS, 'utf8'))])
  const unseen = [...known.keys()].filter((name) => !named.has(name))
  expect(unseen).toStrictEqual(['alien_build_info', 'process_start_time_seconds'])
})

test('each alert has its section in the runbook, and the runbook no other', async () => {
  const sections = [...(await readFile('docs/runbook.md', 'utf8')).matchAll(/^## (\w+)$/gm)].map(([, name]) => name)
  const names = await alerts()
  expect(sections).toStrictEqual(names)
  const links = [...(await readFile(ALERTS, 'utf8')).matchAll(/runbook_url: docs\/runbook\.md#(\w+)/g)]
  expect(links.map(([, anchor]) => anchor)).toStrictEqual(names.map((name) => name.toLowerCase()))
})

test('each alert is tried', async () => {
  const tried = [...(await readFile('ops/alerts.test.yml', 'utf8')).matchAll(/alertname: (\w+)/g)]
  expect([...new Set(tried.map(([, name]) => name))].sort()).toStrictEqual((await alerts()).sort())
})

const { found: promtool, missing } = debianTool('promtool')

test('promtool: the rules are good, and alert when they should', async (context) => {
  context.skip(promtool === undefined, missing)
  const check = (...args: string[]) => execa(promtool ?? '', args, { all: true })
  expect((await check('check', 'rules', ALERTS)).all).toContain('SUCCESS')
  expect((await check('test', 'rules', 'ops/alerts.test.yml')).all).toContain('SUCCESS')
})
