/**
 * `npm start`: the quickstart example on this machine, from nothing. Starts `alien dev`, invokes the example's
 * commands by the CLI and by the client, shows where to look, and stays until Ctrl-C (`--once`: ends with 0).
 */
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bootstrap, root } from './bootstrap.js'

bootstrap()

const example = join(root, 'examples', 'quickstart')
const cli = join(root, 'dist', 'cli', 'main.js')
const statusFile = join(example, '.alien', 'start.json')
const stayUp = !process.argv.includes('--once')

await rm(statusFile, { force: true })
// The channel makes the stack end with this process, however this process ends.
const dev = fork(cli, ['dev', '--status-file', statusFile], { cwd: example, stdio: ['ignore', 2, 2, 'ipc'] })
const ended = once(dev, 'exit').then(([code]) => code ?? 1)
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => dev.kill('SIGTERM'))

const ready = await Promise.race([once(dev, 'message').then(() => true), ended.then(() => false)])
if (!ready) process.exit(await ended)
const { url, token, temporalUi } = JSON.parse(await readFile(statusFile, 'utf8'))

await invokeByCli()
await invokeByClient()
if (stayUp) process.stdout.write('\nrunning until Ctrl-C\n')
else dev.kill('SIGTERM')
process.exit(await ended)

async function invokeByCli() {
  const args = ['--deployment', 'acme-corp', '--command', 'generate-report', '--params', '{"startDate": "2025-01-01"}']
  process.stdout.write(`\n$ alien commands invoke ${args.map(quoted).join(' ')}\n`)
  const child = spawn(process.execPath, [cli, 'commands', 'invoke', ...args], { cwd: example, stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  if (code !== 0) await fail(`alien commands invoke ended with ${code}`)
}

async function invokeByClient() {
  const { CommandsClient } = await import('@alienplatform/sdk/commands')
  const commands = new CommandsClient({ deploymentId: 'acme-corp', token, url })
  process.stdout.write(`\ncommands.invoke("run-migration", { version: "42" })\n`)
  const handle = await commands.start('run-migration', { version: '42' })
  process.stdout.write(`${JSON.stringify(await handle.result(), null, 2)}\n`)
  const { links } = await handle.describe()
  process.stdout.write(`\nAPI              ${url}\nTemporal Web UI  ${temporalUi ?? 'of your cluster'}\n`)
  if (links.temporal) process.stdout.write(`this invocation  ${links.temporal}\n`)
}

async function fail(reason) {
  process.stderr.write(`${reason}\n`)
  dev.kill('SIGTERM')
  await ended
  process.exit(1)
}

function quoted(arg) {
  return /^[\w-]+$/.test(arg) ? arg : `'${arg}'`
}
