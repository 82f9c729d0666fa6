/** Which bindings a function is linked to, from `alien.ts` through the environment to its agent. */
import { isPlainObject } from '../protocol/json.js'

export type BindingKind = 'storage' | 'vault'

export interface BindingRef {
  readonly kind: BindingKind
  readonly name: string
}

export interface BindingLink extends BindingRef {
  /** What configures it where its variable is not set. */
  readonly binding?: object
}

/** The variable that configures a binding. */
export const bindingVariable = (name: string): string => `ALIEN_${name.toUpperCase().replaceAll('-', '_')}_BINDING`

/** One of those variables, and the name in it. */
export const BINDING_VARIABLE = /^ALIEN_([A-Z0-9_]+)_BINDING$/

/** Which bindings an agent must have, for its environment. */
const LINKS_VARIABLE = 'ALIEN_LINKS'

/** What to add to an environment: links, and what `alien.ts` says of those that are not configured yet. */
export function linkEnvironment(
  links: readonly BindingLink[],
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const added: Record<string, string> = {}
  for (const { name, binding } of links) {
    const variable = bindingVariable(name)
    if (binding !== undefined && !environment[variable]) added[variable] = JSON.stringify(binding)
  }
  if (links.length > 0) added[LINKS_VARIABLE] = JSON.stringify(links.map(({ kind, name }) => ({ kind, name })))
  return added
}

export function linksOf(environment: Readonly<Record<string, string | undefined>>): BindingRef[] {
  const links: unknown = JSON.parse(environment[LINKS_VARIABLE] || '[]')
  return Array.isArray(links) ? links.filter(isBindingRef) : []
}

const isBindingRef = (value: unknown): value is BindingRef =>
  isPlainObject(value) &&
  (value['kind'] === 'storage' || value['kind'] === 'vault') &&
  typeof value['name'] === 'string'
