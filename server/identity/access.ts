import { matchesPattern } from '../../protocol/name-pattern.js'
import type { DeploymentRef } from '../../protocol/invocation.js'
import { includesScope, isIdPattern, type Rights, type Scope } from '../../protocol/rights.js'

/** What one API key may do and see. */
export class Access {
  readonly #rights: Rights

  constructor(rights: Rights) {
    this.#rights = rights
  }

  /** Patterns of deployments and commands, as in {@link Rights}. */
  get patterns(): Pick<Rights, 'deployments' | 'commands'> {
    return this.#rights
  }

  allows(scope: Scope): boolean {
    return includesScope(this.#rights.scopes, scope)
  }

  get everyDeployment(): boolean {
    return this.#rights.deployments.includes('*')
  }

  get everyCommand(): boolean {
    return this.#rights.commands.includes('*')
  }

  seesDeployment({ id, name }: DeploymentRef): boolean {
    return this.#rights.deployments.some((pattern) => matchesPattern(pattern, isIdPattern(pattern) ? id : name))
  }

  seesCommand(command: string): boolean {
    return this.#rights.commands.some((pattern) => matchesPattern(pattern, command))
  }
}
