/** What an agent's environment has of bindings, beside what was there. */
import { resolve } from 'node:path'
import { isPlainObject, parseJson } from '../protocol/json.js'
import { BINDING_VARIABLE, linkEnvironment, type BindingLink } from './binding-link.js'
import type { Environment } from './open-backend.js'

const PATHS = ['path', 'keyFile'] as const

/**
 * Its links, and relative paths made absolute: they start where our command is called, as they do for `alien vault` and
 * `alien bindings check`, and an agent works in the folder of its handlers.
 */
export function agentEnvironment(links: readonly BindingLink[], environment: Environment): Record<string, string> {
  const added = linkEnvironment(links, environment)
  for (const [variable, text] of Object.entries({ ...environment, ...added })) {
    if (text && BINDING_VARIABLE.test(variable)) added[variable] = absolute(text)
  }
  return added
}

function absolute(text: string): string {
  const binding = parseJson(text)
  // What is wrong with it, the agent says.
  if (!isPlainObject(binding)) return text
  const paths = PATHS.flatMap((name) => {
    const path = binding[name]
    return typeof path === 'string' && path !== '' ? [[name, resolve(path)]] : []
  })
  return JSON.stringify({ ...binding, ...(Object.fromEntries(paths) as Record<string, string>) })
}
