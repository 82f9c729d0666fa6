/** The loop of an AI agent: the model says what to call, the calls run at the customer's, their results go back to it. */
import { CommandError, type CommandsClient } from '@alienplatform/sdk/commands'

export interface ToolCall {
  readonly command: string
  readonly params: Readonly<Record<string, unknown>>
}

export interface ToolResult extends ToolCall {
  readonly outcome:
    { readonly value: unknown } | { readonly error: { readonly code: string; readonly message: string } }
}

/** What a model says in one turn. Calls of one turn do not depend on each other; without any, it is done. */
export interface Turn {
  readonly say: string
  readonly calls: readonly ToolCall[]
}

export interface Model {
  /** @param results Of the calls of the turn before, in their order; none at first. */
  next(results: readonly ToolResult[]): Promise<Turn>
}

export interface TranscriptEntry {
  readonly say: string
  readonly results: readonly ToolResult[]
}

/** Models may go in circles. */
const MAX_TURNS = 20

/** Runs the model's turns to the last one, and gives all of them. @throws {Error} when there is no end to them */
export async function runAgent(
  commands: CommandsClient,
  model: Model,
  onTurn: (entry: TranscriptEntry) => void,
): Promise<readonly TranscriptEntry[]> {
  const transcript: TranscriptEntry[] = []
  let results: readonly ToolResult[] = []
  while (transcript.length < MAX_TURNS) {
    const { say, calls } = await model.next(results)
    results = await Promise.all(calls.map((call) => callTool(commands, call)))
    const entry = { say, results }
    transcript.push(entry)
    onTurn(entry)
    if (calls.length === 0) return transcript
  }
  throw new Error(`the model did not come to an end within ${MAX_TURNS} turns`)
}

/** An error is a result, too: the model may know another way. */
async function callTool(commands: CommandsClient, call: ToolCall): Promise<ToolResult> {
  try {
    return { ...call, outcome: { value: await commands.invoke(call.command, call.params) } }
  } catch (error) {
    const { code, message } = CommandError.from(error)
    return { ...call, outcome: { error: { code, message } } }
  }
}
