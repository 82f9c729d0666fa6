/** `npm run bench -- --bindings`: what storage and vault cost beside the file system itself. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, open, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { streamThrough, type LargeObjectFigures } from '../bindings/storage/large-object.testsuite.js'
import { LocalStorage } from '../bindings/storage/local-storage.js'
import { Storage } from '../bindings/storage/storage.js'
import { CachedVault } from '../bindings/vault/cached-vault.js'
import { KeyFile } from '../bindings/vault/local-vault-key.js'
import { LocalVault } from '../bindings/vault/local-vault.js'
import { Vault } from '../bindings/vault/vault.js'

const PUTS = 1_000
const PUT_BYTES = 1_024
/** The two take turns, so that what else the machine does hits both. */
const PUTS_A_TURN = 50
const VAULT_READS = 100_000
const LARGE_BYTES = 1024 ** 3

export interface BindingFigures {
  /** Each for a thousand objects of 1 KB. */
  readonly localPutsMs: number
  readonly plainWritesMs: number
  readonly cachedVaultReadMicroseconds: number
  readonly largeObject: LargeObjectFigures
}

export async function measureBindings(progress: (message: string) => void): Promise<BindingFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-bench-'))
  try {
    const backend = new LocalStorage({ name: 'bench', path: join(folder, 'storage') })
    const storage = new Storage('bench', () => Promise.resolve(backend))
    progress(`${PUTS} puts of ${PUT_BYTES} bytes, beside as many plain writes`)
    const puts = await measurePuts(storage, folder)
    progress(`${VAULT_READS} reads of a cached secret`)
    const cachedVaultReadMicroseconds = await measureVault(folder)
    progress(`${LARGE_BYTES} bytes through put and get`)
    return { ...puts, cachedVaultReadMicroseconds, largeObject: await streamThrough(storage, LARGE_BYTES) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function measurePuts(storage: Storage, folder: string) {
  const content = randomBytes(PUT_BYTES)
  let localPutsMs = 0
  let plainWritesMs = 0
  for (let first = 0; first < PUTS; first += PUTS_A_TURN) {
    localPutsMs += await timeMs(first, (n) => storage.put(`object-${n}`, content))
    plainWritesMs += await timeMs(first, (n) => writePlainly(join(folder, `file-${n}`), content))
  }
  return { localPutsMs, plainWritesMs }
}

async function timeMs(first: number, action: (n: number) => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  for (let n = first; n < first + PUTS_A_TURN; n++) await action(n)
  return performance.now() - startMs
}

/** What a careful program does by itself. */
async function writePlainly(path: string, content: Uint8Array): Promise<void> {
  const file = await open(`${path}.tmp`, 'w')
  await file.writeFile(content)
  await file.sync()
  await file.close()
  await rename(`${path}.tmp`, path)
}

async function measureVault(folder: string): Promise<number> {
  const path = join(folder, 'vault.json')
  const backend = new CachedVault(new LocalVault({ name: 'bench', path, key: new KeyFile(`${path}.key`) }), 60_000)
  const vault = new Vault('bench', () => Promise.resolve(backend))
  await vault.set('key', 'value')
  await vault.getSecret('key')
  const startMs = performance.now()
  for (let n = 0; n < VAULT_READS; n++) await vault.getSecret('key')
  return ((performance.now() - startMs) * 1_000) / VAULT_READS
}

const MAX_PUTS_RATIO = 1.5
const MAX_VAULT_READ_MICROSECONDS = 50
const MAX_GROWTH_MB = 100

export const bindingsMeetBars = ({
  localPutsMs,
  plainWritesMs,
  cachedVaultReadMicroseconds,
  largeObject,
}: BindingFigures): boolean =>
  localPutsMs <= MAX_PUTS_RATIO * plainWritesMs &&
  cachedVaultReadMicroseconds < MAX_VAULT_READ_MICROSECONDS &&
  largeObject.greatestGrowthMb < MAX_GROWTH_MB &&
  largeObject.isEqual

export function bindingsTable(figures: BindingFigures): string {
  const { localPutsMs, plainWritesMs, cachedVaultReadMicroseconds, largeObject } = figures
  const ratio = (localPutsMs / plainWritesMs).toFixed(2)
  return [
    `1,000 puts of 1 KB    ${localPutsMs.toFixed(0)} ms, ${ratio} x plain writes (bar ${MAX_PUTS_RATIO}), which took ${plainWritesMs.toFixed(0)} ms`,
    `cached vault read     ${cachedVaultReadMicroseconds.toFixed(1)} microseconds (bar ${MAX_VAULT_READ_MICROSECONDS})`,
    `1 GB through streams  ${largeObject.isEqual ? 'equal' : 'NOT EQUAL'}, memory grew by ${largeObject.greatestGrowthMb} MB (bar ${MAX_GROWTH_MB})`,
  ].join('\n')
}
