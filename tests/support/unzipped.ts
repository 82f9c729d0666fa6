/** A built function, as its platform unpacks it. */
import { unzipSync } from 'fflate'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export async function unzipInto(folder: string, zip: Uint8Array): Promise<void> {
  for (const [name, content] of Object.entries(unzipSync(zip))) {
    const path = join(folder, name)
    await mkdir(dirname(path), { recursive: true })
    await writeFile(path, content)
  }
}
