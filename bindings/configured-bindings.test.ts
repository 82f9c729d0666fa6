import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { linkEnvironment, linksOf } from './binding-link.js'
import { configuredBindings } from './configured-bindings.js'
import { scratchDirectory } from './scratch.testsuite.js'

const S3 = { service: 's3', bucket: 'b' }

describe('what an agent gets of its links', () => {
  test('is their names, and the bindings that no variable has', () => {
    const links = [
      { kind: 'storage', name: 'my-ws', binding: S3 },
      { kind: 'vault', name: 'creds', binding: { service: 'env', prefix: 'P_' } },
      { kind: 'storage', name: 'logs' },
    ] as const
    const added = linkEnvironment(links, { ALIEN_CREDS_BINDING: '{"service":"memory"}' })
    expect(added).toEqual({
      ALIEN_MY_WS_BINDING: JSON.stringify(S3),
      ALIEN_LINKS: expect.any(String) as unknown,
    })
    expect(linksOf(added)).toEqual(links.map(({ kind, name }) => ({ kind, name })))
  })

  test('is nothing without links', () => {
    expect(linkEnvironment([], {})).toEqual({})
    expect(linksOf({})).toEqual([])
  })
})

describe('configured bindings', () => {
  test('are the linked ones and those with a variable', () => {
    const environment = {
      ...linkEnvironment([{ kind: 'vault', name: 'creds' }], {}),
      ALIEN_CREDS_BINDING: '{"service":"memory"}',
      ALIEN_MY_WS_BINDING: JSON.stringify(S3),
      ALIEN_KEYS_BINDING: '{"service":"env","prefix":"P_"}',
      ALIEN_EMPTY_BINDING: '',
      OTHER_BINDING: '{',
    }
    expect(configuredBindings(environment)).toEqual({
      good: [
        { kind: 'vault', name: 'creds', service: 'memory' },
        { kind: 'vault', name: 'keys', service: 'env' },
        { kind: 'storage', name: 'my-ws', service: 's3' },
      ],
      problems: [],
      unclear: [],
    })
  })

  test('of which nothing says whether they are storages or vaults go by what is there', async () => {
    const folder = await scratchDirectory()
    await writeFile(join(folder, 'vault.json'), '{}')
    const local = (path: string): string => JSON.stringify({ service: 'local', path })
    const environment = {
      ALIEN_A_BINDING: local(folder),
      ALIEN_B_BINDING: local(join(folder, 'vault.json')),
      ALIEN_C_BINDING: local(join(folder, 'not-there-yet.json')),
      ALIEN_D_BINDING: JSON.stringify({ service: 'local', path: 'not-there.json', keyFile: 'k' }),
    }
    expect(configuredBindings(environment)).toEqual({
      good: [
        { kind: 'storage', name: 'a', service: 'local' },
        { kind: 'vault', name: 'b', service: 'local' },
        { kind: 'vault', name: 'd', service: 'local' },
      ],
      problems: [],
      unclear: [
        'ALIEN_C_BINDING may be of a storage or of a vault, and there is nothing at its path yet; say which in alien.ts, by .link(storage("c")) or .link(vault("c")), and run it again',
      ],
    })
  })

  test('that are wrong are told all at once, without their values', () => {
    const environment = {
      ...linkEnvironment([{ kind: 'storage', name: 'ws' }], {}),
      ALIEN_A_BINDING: '{"service":"s3"}',
      ALIEN_B_BINDING: 'hunter2',
      ALIEN_C_BINDING: '{"service":"aws-ssm","prefix":"hunter2"}',
    }
    const { problems } = configuredBindings(environment)
    expect(problems).toEqual([
      expect.stringMatching(/^storage "ws" is not configured: set ALIEN_WS_BINDING, /),
      expect.stringMatching(/^ALIEN_A_BINDING, which configures storage "a", is wrong: bucket: Invalid input/),
      expect.stringMatching(/^ALIEN_B_BINDING, which configures storage "b", is wrong: it is not JSON;/),
      expect.stringMatching(/^ALIEN_C_BINDING, which configures vault "c", is wrong: prefix: Invalid string/),
    ])
    expect(problems.join('')).not.toContain('hunter2')
  })
})
