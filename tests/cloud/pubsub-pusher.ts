/**
 * How Pub/Sub pushes, which Google's server for tests does not: each message of a subscription is posted, wrapped, with an
 * OIDC token; 102, 200, 201, 202 and 204 acknowledge it, and anything else gives it back. The token is signed with a key of
 * our own, whose certificate is served as Google serves its own. What it does not model: back-off, growing windows.
 */
import type { Message, Subscription } from '@google-cloud/pubsub'
import { createSign } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { afterAll } from 'vitest'
import { listening } from '../support/listening.js'

const ACKNOWLEDGED = new Set([102, 200, 201, 202, 204])
const KEY_ID = 'test'

export interface PushIdentity {
  readonly certificatesUrl: string
  readonly token: (audience: string, email: string) => string
}

/** Until the test file ends. */
export async function startPushIdentity(): Promise<PushIdentity> {
  const file = (name: string): Promise<string> => readFile(`tests/fixtures/tls/${name}`, 'utf8')
  const [certificate, key] = await Promise.all([file('first.crt'), file('first.key')])
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ [KEY_ID]: certificate }))
  })
  const port = await listening(server)
  afterAll(() => void server.close())
  const token = (aud: string, email: string): string => {
    const seconds = Math.floor(Date.now() / 1_000)
    const claims = {
      iss: 'https://accounts.google.com',
      aud,
      email,
      email_verified: true,
      sub: '1',
      iat: seconds,
      exp: seconds + 3_600,
    }
    const text = [{ alg: 'RS256', typ: 'JWT', kid: KEY_ID }, claims].map(base64url).join('.')
    return `${text}.${createSign('RSA-SHA256').update(text).sign(key, 'base64url')}`
  }
  return { certificatesUrl: `http://127.0.0.1:${port}/`, token }
}

const base64url = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Pushes to `url` until the test file ends. `onStatus` hears each answer. */
export function startPusher(
  subscription: Subscription,
  url: string,
  token: () => string,
  onStatus: (status: number) => void = () => undefined,
): void {
  const push = async (message: Message): Promise<void> => {
    const { id, attributes, publishTime, orderingKey, deliveryAttempt } = message
    const wrapped = {
      message: { data: message.data.toString('base64'), attributes, messageId: id, publishTime, orderingKey },
      subscription: subscription.name,
      deliveryAttempt,
    }
    const { status } = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token()}` },
      body: JSON.stringify(wrapped),
    })
    onStatus(status)
    if (ACKNOWLEDGED.has(status)) message.ack()
    else message.nack()
  }
  subscription.on('message', (message: Message) => void push(message).catch(() => message.nack()))
  afterAll(() => subscription.close())
}
