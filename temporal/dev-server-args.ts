/** The command line of Temporal's dev server, tuned for the round trip of a command. */
import type { SearchAttributes } from './search-attributes.js'

/**
 * Figures: 2 shared cores, server 1.32.0, in memory, workflow with one activity on another queue. Single runs there
 * scatter by a third and more, so compare in turns and in random order, or not at all.
 */
const DYNAMIC_CONFIG = [
  // One history shard reads its transfer and timer queues at most 20 times a second by default: 50 ms for a hop once
  // calls follow each other. p50 of calls in sequence 100 ms without these two, 38-48 with them, in 4 runs of 4.
  'history.transferProcessorMaxPollRPS=5000',
  'history.timerProcessorMaxPollRPS=5000',
  // With the default of 4, a task may land on a partition that none of an agent's few polls is at, and is forwarded.
  // By reasoning: alone it made no difference that could be told from the scatter (lower in 2 of 4 runs).
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
  // Slower is faster here: a workflow that has ended when its start comes up is written to visibility once, not twice.
  // Of 100 commands in sequence 18 starts are written, 73 at the default of 20. In 40 blocks of 24 calls in random
  // turns: 4.6 ms off a p50 of 50 (95 % interval 2.2 to 6.9), 8 % less CPU. In fixed order it lost 2 of 12 runs. The
  // price: under steady load a list shows a new workflow after 170 ms instead of 40; a single call still after 8.
  'history.visibilityProcessorMaxPollRPS=5',
  // Lets the gateway end a poll without losing the task that is on its way to it.
  'frontend.enableCancelWorkerPollsOnShutdown=true',
]

/** Nothing is to survive, so nothing is written twice or waited for. `journal_mode=OFF` would break roll-backs. */
const MEMORY_PRAGMAS = ['journal_mode=MEMORY', 'synchronous=OFF']

/**
 * NORMAL syncs at checkpoints only, and the file stays sound in a power cut, which OFF does not promise. Both survive
 * SIGKILL of the server under load (tried once each: all 49 and 50 accepted workflows and a waiting one completed). OFF
 * is not clearly faster: over 17 pairs of runs in mostly fixed order, p50 lower in 10, throughput higher in 12.
 */
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
