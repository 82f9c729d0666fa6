/** A log line as it travels to whoever follows the invocation. */
import { MAX_LINE_BYTES, type AgentEvent } from '../protocol/agent-events.js'
import type { LogLevel } from '../protocol/events.js'

/** A line of so few characters is within the limit, whatever they are. */
const SURELY_SHORT = MAX_LINE_BYTES / 4

export interface LogLine {
  readonly event: AgentEvent & { readonly type: 'log' }
  /** Of its texts. */
  readonly bytes: number
}

/** What is too long ends with a mark; fields that are no JSON, or too large, are left out, and that is said. */
export function logLine(level: LogLevel, message: unknown, given: Record<string, unknown> | undefined): LogLine {
  const text = cut(typeof message === 'string' ? message : String(message))
  const at = new Date().toISOString()
  if (given === undefined) return { event: { type: 'log', at, level, message: text }, bytes: text.length }
  const json = fieldsJson(given)
  if (json !== undefined && (json.length <= SURELY_SHORT || Buffer.byteLength(json) <= MAX_LINE_BYTES)) {
    const fields = JSON.parse(json) as Record<string, unknown>
    return { event: { type: 'log', at, level, message: text, fields }, bytes: text.length + json.length }
  }
  const marked = `${text} [fields left out: ${json === undefined ? 'not JSON' : 'too large'}]`
  return { event: { type: 'log', at, level, message: marked }, bytes: marked.length }
}

function cut(message: string): string {
  if (message.length <= SURELY_SHORT) return message
  const bytes = Buffer.from(message)
  if (bytes.length <= MAX_LINE_BYTES) return message
  // As a stream, so that a letter cut in two is left out.
  const kept = new TextDecoder().decode(bytes.subarray(0, MAX_LINE_BYTES), { stream: true })
  return `${kept}… [cut: ${bytes.length} bytes]`
}

/** What handlers pass is not always what the type says. */
function fieldsJson(fields: unknown): string | undefined {
  try {
    const json = JSON.stringify(fields) as string | undefined
    return json?.startsWith('{') === true ? json : undefined
  } catch {
    return undefined
  }
}
