/**
 * Docker's command line where there is no engine: of services and stages that there are, with the values of `.env`. A command
 * in a container is run by the environment that this is given, and so comes to PostgreSQL on this machine.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fail, formOf } from './doc-forms.js'

const { command, flags, operands } = formOf('docker', process.argv.slice(2))
const [first = '', ...rest] = operands

if (command.startsWith('compose ')) {
  const compose = readFileSync('docker-compose.yml', 'utf8')
  checkSettings(compose)
  if (command === 'compose exec') {
    if (!compose.includes(`\n  ${first}:\n`)) fail(`no service ${first}`)
    process.exitCode = spawnSync(rest[0] ?? '', rest.slice(1), { stdio: 'inherit' }).status ?? 1
  }
} else if (command === 'build') {
  if (!readFileSync('Dockerfile', 'utf8').includes(` AS ${flags['--target']}\n`)) fail(`no stage ${flags['--target']}`)
} else if (command === 'inspect') {
  // Of an image that was pushed.
  process.stdout.write(`${first.replace(/:[^:/]*$/, '')}@sha256:${createHash('sha256').update(first).digest('hex')}\n`)
}

/** As Compose does before anything else. */
function checkSettings(compose) {
  const lines = readFileSync('.env', 'utf8').matchAll(/^(\w+)=(.*)$/gm)
  const env = Object.fromEntries([...lines].map(([, name, value]) => [name, value]))
  const needed = [...compose.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name)
  const missing = needed.filter((name) => !env[name] || env[name].startsWith('REPLACE-ME'))
  if (missing.length > 0) fail(`no value of its own for ${missing.join(', ')}`)
}
