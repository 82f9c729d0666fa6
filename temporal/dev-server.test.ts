import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { defineSearchAttributeKey } from '@temporalio/common'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { listening } from '../tests/support/listening.js'
import { resolveTemporalBinary } from './binary.js'
import { startDevServer, type DevServer, type DevServerOptions } from './dev-server.js'
import { freePort, isPortFree } from './free-port.js'

vi.setConfig({ testTimeout: 60_000 })

let binaryPath: string
let directory: string

beforeAll(async () => {
  // Installs it on a machine that has none yet.
  binaryPath = (await resolveTemporalBinary()).path
  directory = await mkdtemp(join(tmpdir(), 'alien-dev-server-'))
}, 600_000)

afterAll(async () => {
  await rm(directory, { recursive: true })
})

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Starts a dev server for the time of `use`. */
const withServer = async (
  options: Partial<DevServerOptions>,
  use: (server: DevServer, client: Client) => Promise<void>,
): Promise<void> => {
  const server = await startDevServer({ binaryPath, ...options })
  try {
    const connection = await Connection.connect({ address: server.address })
    try {
      await use(server, new Client({ connection, namespace: server.namespace }))
    } finally {
      await connection.close()
    }
  } finally {
    await server.stop()
  }
}

/** A stand-in for the executable of another party: a shell script. */
const fakeBinary = async (name: string, script: string): Promise<string> => {
  const path = join(directory, name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, 0o755)
  return path
}

const portOf = (server: DevServer): number => Number(server.address.split(':')[1])

const keyword = (name: string, value: string) => ({ key: defineSearchAttributeKey(name, 'KEYWORD'), value })

const startWaiting = (client: Client, workflowId: string, attribute: string) =>
  client.workflow.start('nobodyRunsThis', {
    workflowId,
    taskQueue: 'nobody-polls-this',
    typedSearchAttributes: [keyword(attribute, 'x')],
  })

describe('startDevServer', () => {
  it('is ready for workflows of its namespace with its search attributes, and gone after stop()', async () => {
    let stopped: DevServer | undefined
    await withServer({ namespace: 'mine', searchAttributes: { AlienTest: 'Keyword' } }, async (server, client) => {
      stopped = server
      expect(server.namespace).toBe('mine')
      const handle = await startWaiting(client, 'first', 'AlienTest')
      expect((await handle.describe()).status.name).toBe('RUNNING')
      expect((await fetch(server.uiUrl)).status).toBe(200)
      expect(isAlive(server.pid)).toBe(true)
    })
    if (stopped === undefined) throw new Error('it did not start')
    await stopped.stop()
    // What it had in memory is of no use to anybody.
    expect(await stopped.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(isAlive(stopped.pid)).toBe(false)
    expect(await isPortFree(portOf(stopped))).toBe(true)
  })

  it('starts on the ports that were asked for', async () => {
    const [port, uiPort] = [await freePort(), await freePort()]
    await withServer({ port, uiPort }, async (server) => {
      expect(server.address).toBe(`127.0.0.1:${port}`)
      expect(server.uiUrl).toBe(`http://127.0.0.1:${uiPort}`)
      expect((await fetch(server.uiUrl)).status).toBe(200)
    })
  })

  it('starts several at the same time', async () => {
    const servers = await Promise.all([1, 2, 3].map(() => startDevServer({ binaryPath })))
    expect(new Set(servers.map(({ address }) => address)).size).toBe(3)
    await Promise.all(servers.map((server) => server.stop()))
  })

  it.each(['port', 'uiPort'] as const)('refuses a %s that is in use', async (option) => {
    const holder = createServer()
    const port = await listening(holder)
    try {
      await expect(startDevServer({ binaryPath, [option]: port })).rejects.toMatchObject({
        code: 'conflict',
        message: `port ${port} is already in use; stop the process that holds it or choose another port (option "${option}")`,
      })
    } finally {
      holder.close()
    }
  })

  it('takes other ports when one that was free is lost before the server binds it', async () => {
    const marker = join(directory, 'lost-once')
    const script = `
      [ -e '${marker}' ] && exec '${binaryPath}' "$@"
      touch '${marker}'
      echo "Error: can't set frontend port 1: listen tcp 127.0.0.1:1: bind: address already in use" >&2
      exit 1`
    await withServer({ binaryPath: await fakeBinary('loses-port', script) }, async (_, client) => {
      await client.workflowService.getSystemInfo({})
    })
  })

  it('tells what a server that ends early wrote, and passes each line on', async () => {
    const lines: string[] = []
    const script = 'for i in 1 2 3 4 5 6 7 8 9 10; do echo "line $i"; done; echo "no such flag" >&2; exit 2'
    const dying = startDevServer({
      binaryPath: await fakeBinary('dies', script),
      onLog: (line) => lines.push(line),
    })
    await expect(dying).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(
        /^temporal dev server ended before it was ready, with exit code 2; its last lines:\n( {2}(line \d+|no such flag)(\n|$)){10}$/,
      ) as unknown,
    })
    expect(lines).toHaveLength(11)
  })

  it('keeps workflows in a database file over a SIGKILL, and learns new search attributes', async () => {
    const dbFilename = join(directory, 'kept.db')
    await withServer({ dbFilename, searchAttributes: { AlienOld: 'Keyword' } }, async (server, client) => {
      await startWaiting(client, 'kept', 'AlienOld')
      process.kill(server.pid, 'SIGKILL')
      expect(await server.exited).toEqual({ code: null, signal: 'SIGKILL' })
    })
    const searchAttributes = { AlienOld: 'Keyword', AlienNew: 'Keyword' } as const
    let ended: DevServer['exited'] | undefined
    await withServer({ dbFilename, searchAttributes }, async ({ exited }, client) => {
      ended = exited
      expect((await client.workflow.getHandle('kept').describe()).status.name).toBe('RUNNING')
      await startWaiting(client, 'new', 'AlienNew')
    })
    // Told to stop, it had the time to.
    expect(await ended).toEqual({ code: 0, signal: null })
  })

  it('does not survive its owner, even when that is killed with SIGKILL', async () => {
    const bundle = await mkdtemp(join(import.meta.dirname, '../node_modules/.dev-server-test-'))
    try {
      const outfile = join(bundle, 'owner.mjs')
      const contents = `
        import { startDevServer } from './dev-server.js'
        const { pid, address } = await startDevServer({ binaryPath: ${JSON.stringify(binaryPath)} })
        console.log(JSON.stringify({ pid, port: Number(address.split(':')[1]) }))`
      const stdin = { contents, resolveDir: import.meta.dirname, loader: 'ts' } as const
      await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })

      const owner = spawn(process.execPath, [outfile], { stdio: ['ignore', 'pipe', 'inherit'] })
      const failed = new AbortController()
      owner.on('exit', () => failed.abort())
      const lines = createInterface({ input: owner.stdout })
      const [line] = (await once(lines, 'line', { signal: failed.signal })) as [string]
      const { pid, port } = JSON.parse(line) as { pid: number; port: number }
      expect(isAlive(pid)).toBe(true)
      owner.kill('SIGKILL')
      // Another process's child sends us no event when it goes.
      const deadline = Date.now() + 5_000
      while (isAlive(pid) && Date.now() < deadline) await delay(20)
      expect(isAlive(pid)).toBe(false)
      expect(await isPortFree(port)).toBe(true)
    } finally {
      await rm(bundle, { recursive: true })
    }
  })
})
