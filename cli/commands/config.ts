/** `alien config print`: what the settings of a process come to, and where each comes from. */
import { Argument, Command } from 'commander'
import { PROCESSES, type ProcessName, type Setting } from '../../config/settings.js'
import { print, printJson, table } from '../console.js'
import { defaultOf, settingsFor } from '../settings.js'

const EXAMPLES = `
Examples:
  $ alien config print server
  $ ALIEN_CONFIG=/etc/alien/alien.config.json alien config print agent --json

As "alien server", "alien worker" or "alien agent start" would have them without flags: by the environment, else by
alien.config.json (or ALIEN_CONFIG), else by default. Every mistake is told at once, with exit code 2. Secrets are not shown.
docs/configuration.md has all of them.`

/** Of what is Temporal's own. */
const TEMPORAL_SECRET = /KEY|DATA|AUTH|META/

export function configCommand(): Command {
  const command = new Command('print')
    .description('print the settings of a process, and where each comes from')
    .addArgument(new Argument('[process]', 'whose').choices(Object.keys(PROCESSES)).default('server'))
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action((name: ProcessName, { json }: { json?: boolean }) => {
      const rows = [...settingRows(name), ...(name === 'agent' ? [] : temporalRows())]
      if (json === true) printJson(Object.fromEntries(rows.map(([key, value, source]) => [key, { value, source }])))
      else
        print(
          table(
            ['SETTING', 'VALUE', 'FROM'],
            rows.map(([key, value, source]) => [key, value ?? '-', source]),
          ),
        )
    })
  return new Command('config')
    .description('the settings of the processes')
    .addCommand(command)
    .addHelpText('after', '\nExamples:\n  $ alien config print server')
}

type Row = readonly [key: string, value: string | undefined, source: string]

function settingRows(name: ProcessName): Row[] {
  const { origins } = settingsFor(name)
  return Object.entries<Setting>(PROCESSES[name]).map(([key, setting]) => {
    const { text, source = 'default' } = origins[key] ?? {}
    if (text === undefined) return [key, defaultOf(setting), source]
    return [key, setting.secret ? '[hidden]' : text, source]
  })
}

/** Read by Temporal's own library, which tells no more than whether it can. */
const temporalRows = (): Row[] =>
  Object.entries(process.env)
    .filter(([name, value]) => name.startsWith('TEMPORAL_') && value)
    .map(([name, value]) => [
      name,
      TEMPORAL_SECRET.test(name.replace(/_PATH$/, '')) && !name.endsWith('_PATH') ? '[hidden]' : value,
      name,
    ])
