import { once } from 'node:events'
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildScript, type Script } from '../../tests/support/script.js'
import { testFolder } from '../test-run.testsuite.js'
import { DEFAULT_JOURNAL_LIMITS, openJournal, type Journal, type JournalLimits, type RunStart } from './journal.js'

const key = (workflowRunId: string, run = 1) => ({ workflowRunId, run })

const START: RunStart = { invocationId: 'inv_report_1', command: 'report', attempt: 1, atMostOnce: false }
const DONE = { kind: 'succeeded', text: '{"rowCount":3}' } as const

const unwarned = (message: string): never => {
  throw new Error(message)
}

async function open(file: string, limits?: Partial<JournalLimits>, warn: (message: string) => void = unwarned) {
  const journal = await openJournal(file, warn, { ...DEFAULT_JOURNAL_LIMITS, ...limits })
  onTestFinished(() => journal.close())
  return journal
}

const begin = (journal: Journal, id: string, start: Partial<RunStart> = {}) =>
  journal.begin(key(id), { ...START, ...start })

async function fresh(limits?: Partial<JournalLimits>): Promise<Journal> {
  return open(join(await testFolder(), 'journal.db'), limits)
}

describe('a run', () => {
  test('is unknown, then started, then finished, over a restart too', async () => {
    const file = join(await testFolder(), 'deep', 'journal.db')
    const before = Date.now()
    const journal = await open(file)
    expect(journal.find(key('a'))).toBeUndefined()
    begin(journal, 'a', { attempt: 2 })
    const started = journal.find(key('a'))
    expect(started).toEqual({ state: 'started', attempt: 2, startedAt: expect.any(Date) as Date })
    expect(Number(started?.state === 'started' && started.startedAt)).toBeGreaterThanOrEqual(before)
    journal.end(key('a'), DONE)
    const next = await open(file)
    expect(next.find(key('a'))).toEqual({ state: 'finished', outcome: DONE })
  })

  test('is one of several of its invocation', async () => {
    const journal = await fresh()
    begin(journal, 'a')
    journal.end(key('a'), { kind: 'failed', error: { code: 'command_failed', message: 'no', details: { name: 'E' } } })
    expect(journal.find(key('a', 2))).toBeUndefined()
    expect(journal.find(key('a'))).toEqual({
      state: 'finished',
      outcome: { kind: 'failed', error: { code: 'command_failed', message: 'no', details: { name: 'E' } } },
    })
  })

  test('that another process began anew is not ended by the one before', async () => {
    const file = join(await testFolder(), 'journal.db')
    const [first, second] = [await open(file), await open(file)]
    begin(first, 'a')
    begin(second, 'a', { attempt: 2 })
    first.end(key('a'), DONE)
    expect(second.find(key('a'))).toMatchObject({ state: 'started', attempt: 2 })
    second.end(key('a'), { kind: 'succeeded', text: '2' })
    expect(first.find(key('a'))).toMatchObject({ outcome: { text: '2' } })
  })
})

test('an at-most-once run is on the disk before it begins, others are with the operating system', async () => {
  const file = join(await testFolder(), 'journal.db')
  const journal = await open(file)
  const observer = new Database(file)
  onTestFinished(() => {
    observer.close()
  })
  observer.exec(`create table seen (command text, synchronous integer);
    create trigger observe after insert on runs
    begin insert into seen select new.command, synchronous from pragma_synchronous; end`)
  begin(journal, 'a', { command: 'before' })
  begin(journal, 'b', { command: 'at-most-once', atMostOnce: true })
  begin(journal, 'c', { command: 'after' })
  // SQLite's numbers for normal and full.
  expect(observer.prepare('select * from seen').all()).toEqual([
    { command: 'before', synchronous: 1 },
    { command: 'at-most-once', synchronous: 2 },
    { command: 'after', synchronous: 1 },
  ])
})

test('only its owner may read it', async () => {
  const file = join(await testFolder(), 'own', 'journal.db')
  begin(await open(file), 'a')
  const modes = await Promise.all(['', '-wal', '-shm'].map(async (suffix) => (await stat(file + suffix)).mode & 0o777))
  expect(modes).toEqual([0o600, 0o600, 0o600])
})

describe('its bounds', () => {
  const known = (journal: Journal, ids: readonly string[]) => ids.filter((id) => journal.find(key(id)))

  test('rows: finished ones go first, the oldest of them, and started at-most-once ones last', async () => {
    const journal = await fresh({ maxRows: 3 })
    begin(journal, 'once', { atMostOnce: true })
    begin(journal, 'started')
    for (const id of ['old', 'newer']) {
      begin(journal, id)
      journal.end(key(id), DONE)
    }
    // The 64th begin looks at what may go, before its own.
    for (let at = 5; at <= 63; at += 1) begin(journal, 'newest')
    expect(known(journal, ['once', 'started', 'old', 'newer', 'newest'])).toHaveLength(5)
    begin(journal, 'last')
    expect(known(journal, ['once', 'started', 'old', 'newer', 'newest', 'last'])).toEqual([
      'once',
      'started',
      'newest',
      'last',
    ])
    for (let at = 65; at <= 128; at += 1) begin(journal, `more-${at}`)
    expect(known(journal, ['once', 'started', 'newest', 'last', 'more-128'])).toEqual(['once', 'more-128'])
  })

  test('age: what finished long ago is forgotten, what never did is not', async () => {
    const journal = await fresh({ retentionMs: -1 })
    for (const id of ['finished', 'started']) begin(journal, id)
    journal.end(key('finished'), DONE)
    for (let at = 3; at <= 64; at += 1) begin(journal, 'other')
    expect(known(journal, ['finished', 'started'])).toEqual(['started'])
  })

  test('bytes: the file does not grow past them, and the newest results are in it', async () => {
    const folder = await testFolder()
    const maxBytes = 1024 * 1024
    const journal = await open(join(folder, 'journal.db'), { maxBytes })
    const large = { kind: 'succeeded', text: JSON.stringify('x'.repeat(100_000)) } as const
    for (let at = 0; at < 50; at += 1) {
      begin(journal, `run-${at}`)
      journal.end(key(`run-${at}`), large)
    }
    expect(journal.find(key('run-49'))).toEqual({ state: 'finished', outcome: large })
    expect(journal.find(key('run-0'))).toBeUndefined()
    journal.close()
    expect((await stat(join(folder, 'journal.db'))).size).toBeLessThanOrEqual(maxBytes)
  })
})

describe('what cannot be', () => {
  test('a file that is damaged is moved aside, said once, and begun anew', async () => {
    const folder = await testFolder()
    const file = join(folder, 'journal.db')
    await writeFile(file, 'no database '.repeat(1_000))
    const warnings: string[] = []
    const journal = await open(file, {}, (message) => warnings.push(message))
    begin(journal, 'a')
    const [aside] = (await readdir(folder)).filter((name) => name.includes('damaged'))
    expect(warnings).toEqual([
      `the agent's journal ${file} was damaged (file is not a database) and is now ${join(folder, String(aside))}; what ran before is not known any more`,
    ])
    expect(await readFile(join(folder, String(aside)), 'utf8')).toMatch(/^no database/)
    expect((await open(file)).find(key('a'))).toMatchObject({ state: 'started' })
  })

  test('one that is damaged in the middle is found out too', async () => {
    const file = join(await testFolder(), 'journal.db')
    const journal = await openJournal(file, unwarned)
    for (let at = 0; at < 200; at += 1) begin(journal, `run-${at}`)
    journal.close()
    const bytes = await readFile(file)
    await writeFile(file, bytes.fill(0xaa, 8_192, 20_000))
    const warnings: string[] = []
    expect((await open(file, {}, (message) => warnings.push(message))).find(key('run-1'))).toBeUndefined()
    expect(warnings).toHaveLength(1)
  })

  test('a folder that cannot be had', async () => {
    const folder = await testFolder()
    await writeFile(join(folder, 'file'), '')
    const file = join(folder, 'file', 'journal.db')
    await expect(openJournal(file, unwarned)).rejects.toMatchObject({
      code: 'invalid_request',
      message: `the agent's journal ${file} cannot be opened: EEXIST: file already exists, mkdir '${join(folder, 'file')}'; it needs a folder that the agent may write to, see ALIEN_STATE_DIR`,
    })
  })

  test('a folder that may only be read', async (context) => {
    context.skip(process.getuid?.() === 0, 'root may write to it all the same')
    const folder = join(await testFolder(), 'read-only')
    await mkdir(folder)
    await chmod(folder, 0o500)
    await expect(openJournal(join(folder, 'journal.db'), unwarned)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  test('a value that no room can be made for', async () => {
    const journal = await fresh({ maxBytes: 64 * 1024 })
    begin(journal, 'a')
    const text = 'x'.repeat(100_000)
    expect(() => journal.end(key('a'), { kind: 'succeeded', text })).toThrow(
      /^the agent's journal .* cannot be written: database or disk is full; make room there, or give the agent another folder as ALIEN_STATE_DIR$/,
    )
    expect(journal.find(key('a'))).toMatchObject({ state: 'started' })
  })
})

test('one that another agent is just making is waited for', async () => {
  const file = join(await testFolder(), 'journal.db')
  const other = new Database(file)
  onTestFinished(() => void other.close())
  other.exec('begin immediate')
  const opening = open(file)
  setTimeout(() => other.exec('commit'), 200)
  const journal = await opening
  begin(journal, 'a')
  expect(journal.find(key('a'))).toMatchObject({ state: 'started' })
})

describe('with real processes', () => {
  let script: Script
  beforeAll(async () => {
    script = await buildScript(`
      import { openJournal } from './execution/journal/journal.js'
      const [file, id, pad = '0'] = process.argv.slice(2)
      const journal = await openJournal(file, console.error).catch((error) => ({ failed: error.message }))
      if (journal.failed) { console.log(journal.failed); process.exit(0) }
      const start = { invocationId: 'x'.repeat(Number(pad)), command: 'report', attempt: 1, atMostOnce: false }
      let begun = 0
      try {
        for (;;) {
          const key = { workflowRunId: id + '-' + begun, run: 1 }
          journal.begin(key, start)
          begun += 1
          journal.end(key, { kind: 'succeeded', text: String(begun) })
          if (begun === 200) { process.stdout.write(begun + '\\n'); await new Promise((resolve) => setTimeout(resolve, 50)) }
        }
      } catch (error) {
        console.log(error.code + ' ' + (begun > 0) + ' ' + error.message)
        process.exit(0)
      }`)
  })
  afterAll(() => script.remove())

  test('what two of them wrote is there after both were killed', async () => {
    const file = join(await testFolder(), 'journal.db')
    const writers = ['a', 'b'].map((id) => script.start(file, id))
    await Promise.all(
      writers.map(async (writer) => {
        await once(writer.stdout, 'data')
        writer.kill('SIGKILL')
        await once(writer, 'exit')
      }),
    )
    const journal = await open(file)
    for (const id of ['a-0', 'a-199', 'b-0', 'b-199']) {
      const text = String(Number(id.slice(2)) + 1)
      expect(journal.find(key(id))).toEqual({ state: 'finished', outcome: { kind: 'succeeded', text } })
    }
  })

  test('a disk that is full is an error before anything is run', async () => {
    const folder = await testFolder()
    // What the shell ignores stays ignored: a write past the limit is an error then, as on a full disk.
    const { path, args } = await writerOf(script, join(folder, 'journal.db'))
    const { stdout } = spawnSync('sh', ['-c', `trap '' XFSZ; ulimit -f 400; exec "$0" "$@"`, path, ...args], {
      encoding: 'utf8',
    })
    expect(stdout.trim().split('\n').at(-1)).toMatch(
      /^unavailable true the agent's journal .*journal\.db cannot be written: (disk I\/O error|database or disk is full)/,
    )
  })
})

/** How `script` starts a writer of long rows. */
async function writerOf(script: Script, file: string): Promise<{ path: string; args: string[] }> {
  const writer = script.start(file, 'probe', '1000')
  const [path = '', ...args] = writer.spawnargs
  writer.kill('SIGKILL')
  await once(writer, 'exit')
  return { path, args }
}
