/** Runs `alien vault set | get | list | delete`. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { bindingVariable } from '../../bindings/binding-link.js'
import { resolveVault, tellFallbacks } from '../../bindings/resolve-binding.js'
import { Vault } from '../../bindings/vault/vault.js'
import { stateDir } from '../../protocol/dev-state.js'
import { CommandError } from '../../protocol/errors.js'
import { resourceNameProblem } from '../../protocol/resource-name.js'
import { print, printJson, say } from '../console.js'
import { bindingEnvironment, withBindingErrors } from './binding-environment.js'

async function openVault(name: string): Promise<Vault> {
  const problem = resourceNameProblem('vault', name)
  if (problem !== undefined) throw new CommandError('invalid_request', problem)
  const environment = await bindingEnvironment()
  tellFallbacks((message) => say(message))
  // As under `alien dev`, whose vault it mostly is.
  const local = environment[bindingVariable(name)] ? {} : { ALIEN_LOCAL_BINDINGS: '1', ALIEN_STATE_DIR: stateDir() }
  return new Vault(name, () => Promise.resolve(resolveVault(name, { ...environment, ...local })))
}

export function setSecret(vaultName: string, key: string): Promise<void> {
  return withBindingErrors(async () => {
    const vault = await openVault(vaultName)
    await vault.set(key, await readSecret(key))
    say(`secret "${key}" in vault "${vaultName}" is set`)
  })
}

export function getSecret(vaultName: string, key: string): Promise<void> {
  return withBindingErrors(async () => print(await (await openVault(vaultName)).getSecret(key)))
}

export function listSecrets(vaultName: string, json: boolean): Promise<void> {
  return withBindingErrors(async () => {
    const keys = await (await openVault(vaultName)).list()
    if (json) printJson(keys)
    else for (const key of keys) print(key)
  })
}

export function deleteSecret(vaultName: string, key: string): Promise<void> {
  return withBindingErrors(async () => {
    await (await openVault(vaultName)).delete(key)
    say(`secret "${key}" in vault "${vaultName}" is gone`)
  })
}

/** Never an argument: those are seen by all users of a machine, and kept in the shell's history. */
async function readSecret(key: string): Promise<string> {
  if (!process.stdin.isTTY) return (await text(process.stdin)).replace(/\r?\n$/, '')
  process.stderr.write(`${key}: `)
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true })
  try {
    return await terminal.question('')
  } finally {
    terminal.close()
    process.stderr.write('\n')
  }
}
