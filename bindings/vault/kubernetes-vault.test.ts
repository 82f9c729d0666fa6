import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scratchDirectory } from '../scratch.testsuite.js'
import { KubernetesVault } from './kubernetes-vault.js'
import { testVault } from './vault.testsuite.js'

/** A folder as the kubelet keeps it: `key -> ..data/key`, `..data -> ..<time>`, and a swap of `..data`. */
class MountedSecret {
  readonly path: string
  readonly #files = new Map<string, string>()
  #version = 0
  #last: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.path = path
  }

  change(key: string, value: string | undefined): Promise<void> {
    return (this.#last = this.#last.then(async () => {
      if (value === undefined) this.#files.delete(key)
      else this.#files.set(key, value)
      const folder = `..2030_01_01_${(this.#version += 1)}`
      await mkdir(join(this.path, folder))
      for (const [name, text] of this.#files) await writeFile(join(this.path, folder, name), text)
      await symlink(folder, join(this.path, '..data_tmp'))
      await rename(join(this.path, '..data_tmp'), join(this.path, '..data'))
      if (value === undefined) await rm(join(this.path, key), { force: true })
      else await symlink(join('..data', key), join(this.path, key)).catch(() => undefined)
    }))
  }
}

describe('contract', () => {
  let secret: MountedSecret
  testVault({
    open: async () => {
      secret = new MountedSecret(await scratchDirectory())
      await secret.change('tls.crt', 'no key of ours')
      return new KubernetesVault({ name: 'contract', path: secret.path })
    },
    operator: {
      set: (key, value) => secret.change(key, value),
      delete: (key) => secret.change(key, undefined),
    },
  })
})

test('a folder that is not there is a mistake', async () => {
  const path = join(await scratchDirectory(), 'mounted')
  const vault = new KubernetesVault({ name: 'credentials', path })
  const mistake = {
    code: 'invalid_configuration',
    message: `vault "credentials": there is no folder ${path}; mount the Kubernetes secret there, or correct the binding`,
  }
  await expect(vault.get('warehouse')).rejects.toMatchObject(mistake)
  await expect(vault.list().next()).rejects.toMatchObject(mistake)
})
