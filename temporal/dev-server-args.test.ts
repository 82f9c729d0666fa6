import { describe, expect, it } from 'vitest'
import { startDevArgs, type ServerLayout } from './dev-server-args.js'

const layout: ServerLayout = {
  host: '127.0.0.1',
  port: 1001,
  uiPort: 1002,
  namespace: 'mine',
  dbFilename: undefined,
  searchAttributes: { A: 'Keyword', B: 'Keyword' },
}

/** What follows each occurrence of `flag`. */
const valuesOf = (args: readonly string[], flag: string): (string | undefined)[] =>
  args.flatMap((arg, index) => (arg === flag ? [args[index + 1]] : []))

describe('startDevArgs', () => {
  it('puts everything on the given host, ports and namespace', () => {
    const args = startDevArgs(layout)
    expect(args.slice(0, 12)).toEqual(
      'server start-dev --ip 127.0.0.1 --port 1001 --ui-port 1002 --namespace mine --log-level error'.split(' '),
    )
    expect(valuesOf(args, '--search-attribute')).toEqual(['A=Keyword', 'B=Keyword'])
  })

  it('tunes the queues for latency, and can end polls', () => {
    expect(valuesOf(startDevArgs(layout), '--dynamic-config-value')).toEqual([
      'history.transferProcessorMaxPollRPS=5000',
      'history.timerProcessorMaxPollRPS=5000',
      'matching.numTaskqueueReadPartitions=1',
      'matching.numTaskqueueWritePartitions=1',
      'history.visibilityProcessorMaxPollRPS=5',
      'frontend.enableCancelWorkerPollsOnShutdown=true',
    ])
  })

  it('makes a file safe, and memory fast', () => {
    const inMemory = startDevArgs(layout)
    expect(valuesOf(inMemory, '--db-filename')).toEqual([])
    expect(valuesOf(inMemory, '--sqlite-pragma')).toEqual(['journal_mode=MEMORY', 'synchronous=OFF'])
    const inFile = startDevArgs({ ...layout, dbFilename: 'kept.db' })
    expect(valuesOf(inFile, '--db-filename')).toEqual(['kept.db'])
    expect(valuesOf(inFile, '--sqlite-pragma')).toEqual(['journal_mode=WAL', 'synchronous=NORMAL'])
  })
})
