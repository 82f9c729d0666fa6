/**
 * The command lines of others in the pages, in the forms that these document: the command, and which flags it has. One that
 * takes a value says so by `=`.
 */
import { existsSync } from 'node:fs'

const OF_FUNCTION_APP = ['--name=', '--resource-group=', '--query=', '--output=']
const BINDING = ['--member=', '--role=', '--project=', '--region=']

const FORMS = {
  docker: {
    'compose config': ['--quiet'],
    'compose up': ['--detach', '--build', '--wait', '--profile='],
    'compose exec': undefined,
    build: ['--target=', '--tag='],
    push: [],
    inspect: ['--format='],
  },
  aws: {
    'lambda create-function': [
      ...['--function-name=', '--runtime=', '--handler=', '--zip-file=', '--role=', '--timeout=', '--environment='],
    ],
    'lambda put-function-event-invoke-config': ['--function-name=', '--maximum-retry-attempts='],
  },
  func: { 'azure functionapp publish': [] },
  az: {
    'functionapp config appsettings set': [...OF_FUNCTION_APP, '--settings='],
    'functionapp identity assign': OF_FUNCTION_APP,
    'functionapp identity show': OF_FUNCTION_APP,
    'servicebus queue show': [...OF_FUNCTION_APP, '--namespace-name='],
    'role assignment create': ['--assignee=', '--role=', '--scope='],
  },
  gcloud: {
    'run deploy': [
      ...['--source=', '--region=', '--no-allow-unauthenticated', '--timeout=', '--add-custom-audiences='],
      ...['--service-account=', '--set-env-vars='],
    ],
    'run services describe': ['--region=', '--format='],
    'run services add-iam-policy-binding': BINDING,
    'projects describe': ['--format='],
    'pubsub topics create': [],
    'pubsub topics add-iam-policy-binding': BINDING,
    'pubsub subscriptions add-iam-policy-binding': BINDING,
    'pubsub subscriptions create': [
      ...['--topic=', '--ack-deadline=', '--push-endpoint=', '--push-auth-service-account='],
      ...['--push-auth-token-audience=', '--dead-letter-topic=', '--max-delivery-attempts='],
    ],
  },
}

/** Ends the process with 1 and a line of what is wrong. */
export function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

/** @returns the command, its flags that have a value, and what is neither; ends the process for another form */
export function formOf(program, given) {
  const command = Object.keys(FORMS[program]).find((name) => `${given.join(' ')} `.startsWith(`${name} `))
  if (command === undefined) fail(`${program} knows no ${given.join(' ')}`)
  const args = given.slice(command.split(' ').length)
  const known = FORMS[program][command]
  // Of another program.
  if (known === undefined) return { command, flags: {}, operands: args }
  const flags = {}
  const operands = []
  for (const queue = [...args]; queue.length > 0;) {
    const arg = queue.shift()
    if (!arg.startsWith('--')) operands.push(arg)
    else if (known.includes(`${arg}=`)) flags[arg] = queue.shift()
    else if (!known.includes(arg)) fail(`${program} ${command} knows no ${arg}`)
  }
  return { command, flags, operands }
}

/** What is to be uploaded has to be there. */
export function assertFiles(flags) {
  for (const flag of ['--zip-file', '--source']) {
    const file = flags[flag]?.replace(/^fileb:\/\//, '')
    if (file !== undefined && !existsSync(file)) fail(`there is no ${file}`)
  }
}
