import type { AuditSubject } from '../../protocol/audit.js'
import type { DeploymentRef } from '../../protocol/invocation.js'
import { isCommandName, isInvocationId } from '../../protocol/names.js'
import { DEPLOYMENT_NAME } from '../registry/deployments.js'
import { isTokenId } from '../registry/tokens.js'

/** What a call says that it is about, checked by nobody yet. */
export interface Claims {
  /** Id or name. */
  readonly deployment?: unknown
  readonly command?: unknown
  readonly invocationId?: unknown
  readonly tokenId?: unknown
}

/** What a call is about: what it claims, as far as that can be a name, and then what it turns out to be. */
export class CallSubject {
  #known: AuditSubject
  #isDenied = false
  #hasChanged = false
  #madeTokenId: string | undefined

  constructor({ deployment, command, invocationId, tokenId }: Claims) {
    this.#known = {
      deploymentId: null,
      deploymentName: typeof deployment === 'string' && DEPLOYMENT_NAME.test(deployment) ? deployment : null,
      command: isCommandName(command) ? command : null,
      invocationId: isInvocationId(invocationId) ? invocationId : null,
      tokenId: isTokenId(tokenId) ? tokenId : null,
    }
  }

  get known(): AuditSubject {
    return this.#known
  }

  /** Whether the caller wanted what it may not know of, and was told that there is no such thing. */
  get isDenied(): boolean {
    return this.#isDenied
  }

  isDeployment({ id, name }: DeploymentRef): void {
    this.#known = { ...this.#known, deploymentId: id, deploymentName: name }
  }

  isInvocation(invocationId: string): void {
    this.#known = { ...this.#known, invocationId }
  }

  isToken(tokenId: string): void {
    this.#known = { ...this.#known, tokenId }
  }

  /** Whether the call changed anything, where one may not. */
  get hasChanged(): boolean {
    return this.#hasChanged
  }

  changed(): void {
    this.#hasChanged = true
  }

  /** A token that was made beside the one that the call is about. */
  get madeTokenId(): string | undefined {
    return this.#madeTokenId
  }

  madeToken(tokenId: string): void {
    this.#madeTokenId = tokenId
  }

  deny(): void {
    this.#isDenied = true
  }
}
