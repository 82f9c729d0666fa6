/** `npm run attack`: everything a hostile agent can do, against a real Temporal; one line an attack. */
import { Command } from 'commander'
import { chosen } from '../bench/chosen.js'
import { FULL, SHORT } from './attack.js'
import { ATTACKS } from './attacks/index.js'
import { runCampaign } from './campaign.js'
import type { Memory } from './control-plane.js'
import type { Verdict } from './judge.js'

interface Flags {
  readonly short?: true
  readonly only?: string
  readonly undefended?: true
}

const EXAMPLES = `
Exits with 1 when an attack got through, or something is broken after all of them.

Examples:
  $ npm run attack
  $ npm run attack -- --short --only token`

const {
  short = false,
  only = '',
  undefended = false,
} = new Command('npm run attack --')
  .description('attacks the gateway and the listener as a hostile agent would, and counts what gets through')
  .option('--short', 'fewer connections and shorter floods, as the test suite has them')
  .option('--only <text>', 'the attacks whose name has this text')
  .option('--undefended', 'at the end, the same calls straight to Temporal: what they would come to')
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<Flags>()

const attacks = new Set(chosen('attack', ATTACKS, [only]))
const megabytes = (bytes: number): string => `${Math.round(bytes / 1e6)} MB`
const both = ({ rssBytes, heldBytes }: Memory): string =>
  `${megabytes(rssBytes)} resident, ${megabytes(heldBytes)} of it reachable`
const {
  verdicts,
  undefended: without,
  aftermath,
} = await runCampaign({
  scale: short ? SHORT : FULL,
  only: (attack) => attacks.has(attack),
  undefended: (attack) => undefended && attacks.has(attack),
  onVerdict: (verdict) => console.log(line(verdict)),
})
const { memoryAtFirst, memoryBefore, memoryAfter, damage } = aftermath
console.log(`memory of the control plane when it has hardly done anything: ${both(memoryAtFirst)}`)
console.log(`  after an ordinary day's work: ${both(memoryBefore)}`)
console.log(`  after the attacks: ${both(memoryAfter)}`)
for (const { name, passed, how } of without) {
  console.log(`without the gateway, ${passed ? 'passed' : 'FAILED'}  ${name}: ${how}`)
}
for (const broken of damage) console.log(`BROKEN  ${broken}`)
const passed = verdicts.filter((verdict) => verdict.passed).length
console.log(`${verdicts.length} attacks, ${passed} passed`)
process.exit(passed > 0 || damage.length > 0 ? 1 : 0)

function line({ name, without, passed: through, how, reached, tookMs, grownBytes }: Verdict): string {
  const word = through ? 'PASSED ' : 'failed '
  const grown = grownBytes === undefined ? '' : `, ${megabytes(grownBytes)} grown`
  return `${word} ${name}: ${how}; ${reached} calls reached Temporal, ${tookMs} ms${grown} (undefended, it ${without})`
}
