/** Server-sent events out of text that comes in pieces, as the HTML standard has them (section 9.2.6). */

export interface ServerSentEvent {
  /** The newest id, of this event or of one before. */
  readonly id: string
  /** `message` unless the server says otherwise. */
  readonly type: string
  readonly data: string
}

export class EventParser {
  #rest = ''
  #isFirst = true
  #endedInCr = false
  #id = ''
  #type = ''
  #data: string[] = []

  /** The events that are complete by now. */
  push(text: string): ServerSentEvent[] {
    const lines = this.#linesOf(text)
    return lines.map((line) => this.#read(line)).filter((event) => event !== undefined)
  }

  #linesOf(text: string): string[] {
    let more = text
    if (this.#isFirst && more !== '') {
      this.#isFirst = false
      more = more.replace(/^\uFEFF/, '')
    }
    // Of a line's end that was cut in two.
    if (this.#endedInCr && more.startsWith('\n')) more = more.slice(1)
    if (text !== '') this.#endedInCr = text.endsWith('\r')
    const lines = (this.#rest + more).split(/\r\n|\n|\r/)
    this.#rest = lines.pop() ?? ''
    return lines
  }

  #read(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') this.#data.push(value)
    if (field === 'event') this.#type = value
    if (field === 'id' && !value.includes('\0')) this.#id = value
    return undefined
  }

  #dispatch(): ServerSentEvent | undefined {
    const [type, data] = [this.#type, this.#data]
    this.#type = ''
    this.#data = []
    return data.length === 0 ? undefined : { id: this.#id, type: type || 'message', data: data.join('\n') }
  }
}
