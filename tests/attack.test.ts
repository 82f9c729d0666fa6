/** A short form of every attack; `npm run attack` is the long one. */
import { beforeAll, describe, expect, test } from 'vitest'
import { SHORT } from '../attack/attack.js'
import { ATTACKS } from '../attack/attacks/index.js'
import { runCampaign, type Report } from '../attack/campaign.js'

/** Straight at Temporal, which takes it: the recorder is not blind, and the forged token is as good as a real one. */
const TEETH = ['report with a raw token made of known ids', 'call every method of OperatorService']

/** Some 45 s on an idle machine. */
const LONGEST_MS = 300_000

let report: Report

beforeAll(async () => {
  report = await runCampaign({ scale: SHORT, undefended: ({ name }) => TEETH.includes(name) })
}, LONGEST_MS)

describe('an attack', () => {
  test.each(ATTACKS.map(({ name }) => name))('to %s fails', (name) => {
    const verdict = report.verdicts.find((each) => each.name === name)
    expect(verdict).toMatchObject({ name, passed: false })
  })
})

test('after all of them everything works as before, in the same process and as much memory', () => {
  expect(report.aftermath.damage).toStrictEqual([])
})

test('without the gateway, attacks get through', () => {
  expect(report.undefended.map(({ name, passed }) => [name, passed])).toStrictEqual(TEETH.map((name) => [name, true]))
  expect(report.undefended.every(({ reached }) => reached > 0)).toBe(true)
})
