/** The HTTP API as a client of another language sees it. */
import type { DevState } from '../../protocol/dev-state.js'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- tests look into bodies of every shape
  readonly body: any
}

/** @param token `undefined` sends none */
export async function callApi(
  { url }: Pick<DevState, 'url'>,
  token: string | undefined,
  method: string,
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  if (response.headers.get('content-type')?.startsWith('text/event-stream') === true) return firstEvent(response)
  const text = await response.text()
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
}

/** Of a stream of events, which need not end, the first stands for all. */
async function firstEvent(response: Response): Promise<Answer> {
  let text = ''
  const stream = response.body?.pipeThrough(new TextDecoderStream()) ?? []
  for await (const part of stream) {
    text += part
    const [, data] = /^data: (.*)$/m.exec(text) ?? []
    if (data !== undefined) return { status: response.status, headers: response.headers, body: JSON.parse(data) }
  }
  throw new Error(`a stream without an event: ${text}`)
}
