/** `npm run chaos`: every part of the system struck at every moment of an invocation, and what must hold all the same. */
import { Command, InvalidArgumentError } from 'commander'
import { chosen } from '../bench/chosen.js'
import { BARS, runBars } from './bars/index.js'
import { runCampaign } from './campaign.js'
import { FULL, SHORT } from './plan.js'
import { ROWS } from './rows.js'
import { tableOf } from './table.js'
import { COLUMNS, type Column } from './trial.js'

interface Flags {
  readonly short?: true
  readonly bars?: true
  readonly rows: readonly string[]
  readonly columns: readonly Column[]
  readonly trials?: number
  readonly seed: number
  readonly json?: true
}

const EXAMPLES = `
A cell is a fault and a moment: before the handler starts, while it is running, when it has had its effect and its
outcome is unreported, or while it is canceling. Exits with 1 when an invariant was violated.

Examples:
  $ npm run chaos
  $ npm run chaos -- --short
  $ npm run chaos -- --bars
  $ npm run chaos -- --bars --rows backlog
  $ npm run chaos -- --rows link --columns unreported --trials 100 --seed 7`

const { short, bars, rows, columns, trials, seed, json } = new Command('npm run chaos --')
  .description('kills, freezes and cuts off every part of the system at every moment of an invocation')
  .option('--short', 'fewer runs and shorter faults, as CI has them')
  .option(
    '--bars',
    'instead: an outage, a backlog, a migration, and one slow command before fast ones, against their bars',
  )
  .option('--rows <texts...>', 'the faults, or bars, whose names have one of these texts', [''])
  .option('--columns <names...>', `of ${COLUMNS.join(', ')}`, columnNames, COLUMNS)
  .option('--trials <n>', 'of each cell', integer)
  .option('--seed <n>', 'repeats a run, as far as a machine repeats itself', integer, Date.now() % 1_000_000)
  .option('--json', 'the cells as JSON, with how their runs ended')
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<Flags>()

const progress = (message: string): void => console.error(`chaos: ${message}`)
if (bars) process.exit((await meetBars(short ?? false)) ? 0 : 1)

const plan = short ? SHORT : FULL
const struck = chosen('fault', ROWS, rows)
console.error(`chaos: ${struck.length} faults, seed ${seed}`)
const cells = await runCampaign({
  plan: { ...plan, trials: trials ?? plan.trials },
  rows: struck,
  columns,
  seed,
  onProgress: progress,
})
const violations = cells.flatMap((cell) => cell.violations.map((text) => `${cell.row}, ${cell.column}: ${text}`))
console.log(json ? JSON.stringify({ seed, cells }, null, 2) : tableOf(cells))
for (const violation of violations) console.error(`VIOLATION  ${violation}`)
const runs = cells.reduce((sum, cell) => sum + cell.runs, 0)
console.error(`chaos: ${runs} runs, ${violations.length} violations, seed ${seed}`)
process.exit(violations.length > 0 ? 1 : 0)

async function meetBars(isShort: boolean): Promise<boolean> {
  const reports = await runBars(chosen('bar', BARS, rows), isShort, progress)
  for (const { name, figures, isMet } of reports) console.log(`${isMet ? 'met   ' : 'MISSED'}  ${name}: ${figures}`)
  return reports.every(({ isMet }) => isMet)
}

function integer(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError('give a whole number from 1')
  return value
}

function columnNames(text: string, before: readonly Column[]): readonly Column[] {
  const column = COLUMNS.find((name) => name === text)
  if (!column) throw new InvalidArgumentError(`give some of ${COLUMNS.join(', ')}`)
  return before === COLUMNS ? [column] : [...before, column]
}
