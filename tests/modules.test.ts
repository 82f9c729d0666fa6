/** What the light entries of the package load: our own files and Node's, no package at all, and so no Temporal. */
import { execa } from 'execa'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

/** Tells of every import, as it is resolved: `import`s through a hook, `require`s through their cache. */
const PROGRAM = `
import { createRequire, register } from 'node:module'
const hook = \`
  import { writeSync } from 'node:fs'
  export async function resolve(specifier, context, next) {
    const { url, ...rest } = await next(specifier, context)
    writeSync(1, url + '\\\\n')
    return { url, ...rest }
  }\`
register('data:text/javascript,' + encodeURIComponent(hook))
const { default: _, ...names } = await import(process.argv[1])
for (const file of Object.keys(createRequire(import.meta.url).cache)) console.log('file://' + file)
console.log('exports ' + Object.keys(names).sort().join(' '))
`

async function imported(specifier: string): Promise<{ packages: string[]; own: string[]; names: string[] }> {
  const { stdout } = await execa(process.execPath, ['--input-type=module', '--eval', PROGRAM, specifier])
  const lines = stdout.split('\n')
  const files = lines.filter((line) => line.startsWith('file://')).map((url) => url.slice('file://'.length))
  const dist = `${resolve('dist')}/`
  return {
    packages: [...new Set(files.filter((file) => !file.startsWith(dist)))],
    own: [...new Set(files.filter((file) => file.startsWith(dist)).map((file) => file.slice(dist.length)))],
    names: (lines.at(-1) ?? '').split(' ').slice(1),
  }
}

test.each([
  ['@alienplatform/sdk', 'sdk/index.js', 'command'],
  ['@alienplatform/sdk/commands', 'client/index.js', 'CommandsClient'],
])('%s loads no package', async (specifier, entry, name) => {
  const { packages, own, names } = await imported(specifier)
  expect(packages).toEqual([])
  expect(own).toContain(entry)
  expect(names).toContain(name)
})

test('an entry that does load packages is seen doing it', async () => {
  const { packages } = await imported('@alienplatform/sdk/server')
  for (const name of ['@temporalio/client', 'express', 'kysely', 'zod', 'protobufjs']) {
    expect(packages).toContainEqual(expect.stringContaining(`/node_modules/${name}/`))
  }
})

const CLOUD_SDKS = /\/node_modules\/(@aws-sdk|@azure|@google-cloud|google-auth-library|@smithy)\//

test.each(['lambda', 'cloud-run', 'pubsub', 'azure-functions', 'service-bus'])(
  '%s, which handlers are served from, loads neither Temporal nor a cloud’s SDK',
  async (name) => {
    const { packages } = await imported(`@alienplatform/sdk/${name}`)
    expect(packages).toContainEqual(expect.stringContaining('/node_modules/zod/'))
    expect(packages.filter((file) => CLOUD_SDKS.test(file) || file.includes('/@temporalio/'))).toEqual([])
  },
)

test('an agent loads no cloud’s SDK', async () => {
  const { packages } = await imported('@alienplatform/sdk/agent')
  expect(packages).toContainEqual(expect.stringContaining('/node_modules/@temporalio/worker/'))
  expect(packages.filter((file) => CLOUD_SDKS.test(file))).toEqual([])
})

test.each(['agent', 'server', 'lambda'])('%s loads of OpenTelemetry what does nothing by itself', async (name) => {
  const { packages } = await imported(`@alienplatform/sdk/${name}`)
  const loaded = packages.flatMap((file) => /\/node_modules\/(@opentelemetry\/[^/]+)\//.exec(file)?.[1] ?? [])
  expect([...new Set(loaded)]).toStrictEqual(['@opentelemetry/api'])
})
