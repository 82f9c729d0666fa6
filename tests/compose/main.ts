/** `npm run topology`: what `docker compose` does with the compose file, with processes. */
import { Command } from 'commander'
import { execa } from 'execa'
import { createHash } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { FULL, runChaos, SHORT } from './chaos.js'
import { checkConfig } from './check-config.js'
import { runSmoke } from './smoke.js'
import { Topology } from './topology.js'

const HELP = `
It starts what docker-compose.yml says, with the same settings: Debian's PostgreSQL or that of a package, Temporal's development
server on a database file, control plane, vendor worker, and an agent. Each has an address of its own on loopback (127.x),
on which its ports are those of the compose file; all files are in one folder of /tmp.

Examples:
  $ npm run topology up && npm run topology smoke && npm run topology down`

/** One for each clone, and not in it: PostgreSQL may run as a user who cannot come there. */
const clone = createHash('sha256').update(resolve('.')).digest('hex').slice(0, 8)
const folder = join(tmpdir(), `alien-topology-${clone}`)
const say = (message: string): void => console.error(`topology: ${message}`)

const program = new Command('npm run topology')
  .description('the topology of docker-compose.yml without containers')
  .addHelpText('after', HELP)

program
  .command('up')
  .description('start all of it')
  .option(
    '--temporal-server',
    "Temporal's server itself, on PostgreSQL, built from its Go module on first use (7 minutes)",
  )
  .action(async ({ temporalServer = false }: { temporalServer?: boolean }) => {
    const topology = await Topology.up({ folder, temporalServer, say })
    for (const [name, value] of Object.entries(topology.callerEnv)) console.log(`export ${name}=${value}`)
  })
program
  .command('smoke')
  .description('doctor and some commands through it; exits with 1 when something is not as it should be')
  .action(async () => runSmoke(await Topology.open(folder, say), say))
program
  .command('chaos')
  .description('kill each process in turn, under ten commands a second for five minutes; exits with 1 when one is lost')
  .option('--short', '40 s instead')
  .action(async ({ short = false }: { short?: boolean }) => {
    const topology = await Topology.open(folder, say)
    if (await againWith(topology.callerEnv)) return
    const { calls, kills, errors, violations, rerun } = await runChaos(topology, short ? SHORT : FULL, say)
    for (const line of [...errors, ...violations]) console.error(`VIOLATION  ${line}`)
    const bad = `${violations.length} lost, doubled or wrong, ${errors.length} errors seen by callers`
    say(`${calls} invocations, ${kills} kills, ${bad}; ${rerun} ran again after their agent was killed`)
    process.exit(errors.length + violations.length > 0 ? 1 : 0)
  })
program
  .command('config')
  .description('"docker compose config": whether the compose file is one')
  .action(async () => say(await checkConfig()))
program
  .command('down')
  .description('stop all of it and remove its files')
  .action(async () => (await Topology.open(folder, say)).down())

/** Node reads the authorities that it trusts as it starts: whether this process did it all in another one. */
async function againWith(env: Readonly<Record<string, string>>): Promise<boolean> {
  if (process.env['NODE_EXTRA_CA_CERTS'] === env['NODE_EXTRA_CA_CERTS']) return false
  const { exitCode } = await execa(process.execPath, process.argv.slice(1), { env, stdio: 'inherit', reject: false })
  process.exitCode = exitCode ?? 1
  return true
}

try {
  await program.parseAsync()
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exit(1)
}
