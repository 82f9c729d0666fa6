/** The command line of Temporal's dev server, tuned for the round trip of a command. */
import type { SearchAttributes } from './search-attributes.js'

const DYNAMIC_CONFIG = [
  'history.transferProcessorMaxPollRPS=5000',
  'history.timerProcessorMaxPollRPS=5000',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
]

const MEMORY_PRAGMAS = ['journal_mode=MEMORY', 'synchronous=OFF']
const FILE_PRAGMAS = ['journal_mode=WAL', 'synchronous=NORMAL']

export interface ServerLayout {
  readonly host: string
  readonly port: number
  readonly uiPort: number
  readonly namespace: string
  readonly dbFilename: string | undefined
  readonly searchAttributes: SearchAttributes
}

export const startDevArgs = (layout: ServerLayout): string[] => {
  const { dbFilename } = layout
  const pragmas = dbFilename === undefined ? MEMORY_PRAGMAS : FILE_PRAGMAS
  return [
    ...['server', 'start-dev', '--ip', layout.host, '--port', String(layout.port)],
    ...['--ui-port', String(layout.uiPort), '--namespace', layout.namespace],
    // Warnings are mostly the server's own workers noticing that it shuts down.
    ...['--log-level', 'error'],
    ...(dbFilename === undefined ? [] : ['--db-filename', dbFilename]),
    ...Object.entries(layout.searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...pragmas.flatMap((pragma) => ['--sqlite-pragma', pragma]),
    ...DYNAMIC_CONFIG.flatMap((setting) => ['--dynamic-config-value', setting]),
  ]
}
