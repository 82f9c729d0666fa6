/** A customer of a test's own: a deployment, its agents, and the file to which its handlers write. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import type { TestStack } from '@alienplatform/sdk/testing'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { AgentProcess, type AgentProcessOptions } from './agent-process.js'
import { eventually } from './eventually.js'
import { callApi } from './http.js'
import { lines } from './outcome.js'

export class Customer {
  readonly name: string
  readonly file: string
  readonly deploymentId: string
  readonly client: CommandsClient
  readonly #stack: TestStack
  readonly #token: string

  /** @param folder for its files, and the state of its agents */
  static async of(stack: TestStack, folder: string): Promise<Customer> {
    const name = `customer-${randomUUID()}`
    const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name })
    return new Customer(stack, name, join(folder, name), body as { id: string; agentToken: string })
  }

  private constructor(
    stack: TestStack,
    name: string,
    file: string,
    { id, agentToken }: Record<'id' | 'agentToken', string>,
  ) {
    this.name = name
    this.file = file
    this.deploymentId = id
    this.client = stack.client(name)
    this.#stack = stack
    this.#token = agentToken
  }

  get stateDir(): string {
    return `${this.file}.state`
  }

  /** All its agents have one journal, unless they are told otherwise. */
  startAgent(options: Pick<AgentProcessOptions, 'handlers'> & Partial<AgentProcessOptions>): AgentProcess {
    const { url } = this.#stack.state
    return new AgentProcess({ url, token: this.#token, stateDir: this.stateDir, ...options })
  }

  /** Once an agent has said what there is, and with which policies. */
  async served(): Promise<void> {
    const { state } = this.#stack
    const commands = async () => {
      const { body } = await callApi(state, state.token, 'GET', `/v1/deployments/${this.name}/commands`)
      return body.commands?.length > 0 ? true : undefined
    }
    await eventually('the agent is there', commands, 60_000)
  }

  /** The first line of its file. */
  entered(): Promise<string> {
    return eventually('the handler is entered', async () => (await lines(this.file))[0], 60_000)
  }
}
