/** A migration of thirty steps of a minute each, a minute taking a second, whose agent is killed five times. */
import { join } from 'node:path'
import { runMigration } from '../migration.js'
import type { Bar } from './bar.js'

const FULL = { steps: 30, killedAt: [5, 10, 15, 20, 25] }
const SHORT = { steps: 10, killedAt: [5] }
/** What was done within the second or two before a kill may be done again. */
const REDONE_AT_A_KILL = 2

export const MIGRATION: Bar = {
  name: 'a migration whose agent is killed',
  run: async (world, isShort) => {
    const { steps, killedAt } = isShort ? SHORT : FULL
    const { client } = world.site('running')
    const file = join(world.folder, 'migration')
    const done = await runMigration({ client, file, steps, killedAt, waitMs: 1_000 })
    const redone = done.steps.length - steps
    const maxRedone = REDONE_AT_A_KILL * killedAt.length
    const isWhole = new Set(done.steps).size === steps
    return {
      figures: [
        `${killedAt.length} kills, ${done.attempts} attempts`,
        isWhole ? `all ${steps} steps` : `NOT all ${steps} steps`,
        `${redone} done again (bar ${maxRedone})`,
      ].join('; '),
      isMet: isWhole && done.attempts === killedAt.length + 1 && redone <= maxRedone,
    }
  },
}
