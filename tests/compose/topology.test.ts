/** The topology of the compose file without containers: it comes up, works, and leaves nothing. */
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { runSmoke } from './smoke.js'
import { Topology } from './topology.js'

test('up, smoke, down', { timeout: 300_000 }, async () => {
  const parent = await mkdtemp(join(tmpdir(), 'alien-topology-'))
  onTestFinished(() => rm(parent, { recursive: true, force: true }))
  // For the user that PostgreSQL runs as.
  await chmod(parent, 0o711)
  const folder = join(parent, 'topology')
  const told: string[] = []
  const say = (message: string): void => void told.push(message)

  const topology = await Topology.up({ folder, say })
  try {
    await expect(Topology.up({ folder, say })).rejects.toThrow('there is one in')
    const { TEMPORAL_ADDRESS: temporal = '' } = await topology.environmentOf('control-plane')
    const url = new URL(topology.callerEnv.ALIEN_URL)
    expect(await listening()).toEqual(expect.arrayContaining([url.host, temporal]))
    // By whoever has its folder.
    await runSmoke(await Topology.open(folder, say), say)
  } finally {
    await topology.down()
  }
  expect(told.filter((line) => line.startsWith('ok'))).toHaveLength(8)
  expect(await readdir(parent)).toStrictEqual([])
  expect(await processesOf(folder)).toStrictEqual([])
  const network = new URL(topology.callerEnv.ALIEN_URL).hostname.replace(/\d+$/, '')
  expect((await listening()).filter((address) => address.startsWith(network))).toStrictEqual([])
  await expect(Topology.open(folder, say)).rejects.toThrow('none is up')
})

/** `127.0.0.1:7233` of each socket of this machine that listens. */
async function listening(): Promise<string[]> {
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1, -1)
  return lines.flatMap((line) => {
    const [, address = '', , state] = line.trim().split(/\s+/)
    const [host = '', port = ''] = address.split(':')
    const bytes = Buffer.from(host, 'hex').reverse()
    return state === '0A' ? [`${bytes.join('.')}:${parseInt(port, 16)}`] : []
  })
}

/** Command lines of those that name the folder, or work in it. */
async function processesOf(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const all = await Promise.all(
    pids.map(async (pid) => {
      const read = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
      return { command: await read('cmdline'), environment: await read('environ') }
    }),
  )
  return all.filter((each) => Object.values(each).some((text) => text.includes(folder))).map(({ command }) => command)
}
