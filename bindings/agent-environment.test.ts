import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { agentEnvironment } from './agent-environment.js'
import { checkedBinding } from './resolve-binding.js'

test("relative paths start where the command is called, whatever the agent's folder is", () => {
  const environment = {
    ALIEN_WS_BINDING: '{"service":"local","path":"data/ws"}',
    ALIEN_KEYS_BINDING: '{"service":"kubernetes","path":"/run/keys"}',
    ALIEN_BAD_BINDING: 'hunter2',
    OTHER: '{"path":"x"}',
  }
  const vault = { service: 'local', path: 'v.json', keyFile: 'v.key' }
  const added = agentEnvironment([{ kind: 'vault', name: 'creds', binding: vault }], environment)
  expect(added).toEqual({
    ALIEN_WS_BINDING: JSON.stringify({ service: 'local', path: resolve('data/ws') }),
    ALIEN_KEYS_BINDING: environment.ALIEN_KEYS_BINDING,
    ALIEN_CREDS_BINDING: JSON.stringify({ service: 'local', path: resolve('v.json'), keyFile: resolve('v.key') }),
    ALIEN_BAD_BINDING: 'hunter2',
    ALIEN_LINKS: '[{"kind":"vault","name":"creds"}]',
  })
  expect(checkedBinding('vault', 'creds', added)).toMatchObject({ path: resolve('v.json') })
})
