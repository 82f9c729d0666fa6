/** What says which packages we bring, under which licences, and what is known against them. */
import { execa } from 'execa'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { listening } from './support/listening.js'
import { ownPort } from './support/port.js'

const script = (name: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
  execa(process.execPath, [`scripts/${name}.js`, ...args], { env, reject: false })

interface Component {
  readonly group?: string
  readonly name: string
  readonly version: string
  readonly licenses?: readonly { readonly license?: { readonly id: string } }[]
}

describe('the bill of materials', () => {
  let bill: { bomFormat: string; specVersion: string; components: Component[] }

  beforeAll(async () => {
    bill = JSON.parse((await script('sbom')).stdout)
  })

  test('has every package of the lock file that is not for development, and no other', async () => {
    const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
      packages: Record<string, { version: string; dev?: true }>
    }
    const locked = Object.entries(packages)
      .filter(([path, { dev }]) => path !== '' && dev !== true)
      .map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 13)}@${version}`)
    const billed = bill.components.map(({ group, name, version }) => `${group ? `${group}/` : ''}${name}@${version}`)
    expect(bill).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.5' })
    expect([...new Set(billed)].sort()).toStrictEqual([...new Set(locked)].sort())
    expect(billed).toEqual(expect.arrayContaining([expect.stringMatching(/^@temporalio\/worker@/)]))
  })

  test('has licences that are allowed, and one that is not is noticed', async () => {
    const { judge } = (await import(join(process.cwd(), 'scripts/check-licences.js'))) as {
      judge: (components: readonly Component[], policy: object) => { problems: string[] }
    }
    const policy = JSON.parse(await readFile('scripts/licences.json', 'utf8')) as object
    expect(judge(bill.components, policy).problems).toStrictEqual([])
    const strangers: Component[] = [
      { name: 'copyleft', version: '1.0.0', licenses: [{ license: { id: 'AGPL-3.0-only' } }] },
      { group: '@acme', name: 'silent', version: '2.0.0' },
    ]
    expect(judge([...bill.components, ...strangers], policy).problems).toStrictEqual([
      'copyleft@1.0.0 has the licence "AGPL-3.0-only", which is not allowed',
      '@acme/silent@2.0.0 does not say its licence; read it, and note it in scripts/licences.json',
    ])
    const unused = { ...policy, read: {} }
    expect(judge(bill.components, unused).problems).toHaveLength(1)
  })
})

describe('the audit', () => {
  const ADVISORY = { id: 1, url: 'https://github.com/advisories/GHSA-aaaa-bbbb-cccc', title: 'a hole', severity: 'low' }

  /** npm's registry, of which only the answer to an audit is modeled: advisories by the names of packages. */
  async function registry(): Promise<string> {
    const server = createServer((request, response) => {
      if (request.method !== 'POST') return void response.writeHead(404).end()
      const body: Buffer[] = []
      request.on('data', (chunk: Buffer) => body.push(chunk))
      request.on('end', () => {
        const bytes = Buffer.concat(body)
        const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes
        const asked = JSON.parse(text.toString()) as Record<string, string[]>
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify('express' in asked ? { express: [{ ...ADVISORY, vulnerable_versions: '*' }] } : {}))
      })
    })
    onTestFinished(() => void server.close())
    return `http://127.0.0.1:${await listening(server)}`
  }

  async function audit(url: string, exceptions: readonly object[] = []) {
    const folder = await mkdtemp(join(tmpdir(), 'alien-audit-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await writeFile(join(folder, 'exceptions.json'), JSON.stringify(exceptions))
    const env = { npm_config_registry: url, npm_config_fetch_retries: '0', npm_config_cache: folder }
    const { exitCode, stderr } = await script('audit', [join(folder, 'exceptions.json')], env)
    return { exitCode, lines: stderr.split('\n') }
  }

  const exception = { advisory: 'GHSA-aaaa-bbbb-cccc', package: 'express', because: 'a test', until: '2999-01-01' }

  test('fails for an advisory', async () => {
    const { exitCode, lines } = await audit(await registry())
    expect(lines).toStrictEqual([
      'audit: GHSA-aaaa-bbbb-cccc of express, low: a hole',
      'audit: 1 advisories, 0 exceptions, 1 problems',
    ])
    expect(exitCode).toBe(1)
  })

  test('lets pass what is excepted, until that is over', async () => {
    expect((await audit(await registry(), [exception])).exitCode).toBe(0)
    const over = await audit(await registry(), [{ ...exception, until: '2020-01-31' }])
    expect(over.lines[0]).toBe('audit: the exception for GHSA-aaaa-bbbb-cccc of express is over since 2020-01-31')
    expect(over.exitCode).toBe(1)
  })

  const UNKNOWN =
    'audit: nothing is known of vulnerabilities; run it where https://registry.npmjs.org, or a mirror that answers audits, is reached'

  test('does not pass when the registry does not answer', async () => {
    const { exitCode, lines } = await audit(`http://127.0.0.1:${await ownPort()}`)
    expect(lines).toStrictEqual([
      expect.stringMatching(/^audit: the registry does not answer: .*ECONNREFUSED/),
      UNKNOWN,
    ])
    expect(exitCode).toBe(2)
  })

  test('does not pass for a mirror that knows of no audits, and says what it said', async () => {
    const mirror = createServer((request, response) => {
      request.resume()
      response.writeHead(405, { allow: 'GET,HEAD' }).end()
    })
    onTestFinished(() => void mirror.close())
    const { exitCode, lines } = await audit(`http://127.0.0.1:${await listening(mirror)}`)
    expect(lines).toStrictEqual([
      expect.stringMatching(/^audit: the registry does not answer: 405 Method Not Allowed - POST http/),
      UNKNOWN,
    ])
    expect(exitCode).toBe(2)
  })
})
