import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { connect as connectTls, TLSSocket } from 'node:tls'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { eventually } from '../tests/support/eventually.js'
import type { CommandError } from '../protocol/errors.js'
import { listen, type Listener, type ListenOptions } from './listener.js'
import { TlsFiles } from './tls-files.js'

const FIXTURES = 'tests/fixtures/tls'
/** After 10 s they would be let go anyway. */
const BEFORE_SILENCE_MS = 9_000
const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'

/** What came through the HTTP/2 door, one entry for each connection. */
let http2Connections: Duplex[]

const start = async (options: Partial<ListenOptions> = {}): Promise<Listener> => {
  const listener = await listen(
    {
      http: (request, response) => void text(request).then((body) => response.end(`${request.method ?? ''} ${body}`)),
      http2: (socket: Duplex) => http2Connections.push(socket),
    },
    { host: '127.0.0.1', port: 0, ...options },
  )
  onTestFinished(() => listener.close(0))
  return listener
}

beforeEach(() => {
  http2Connections = []
})

const dial = (port: number): Socket => {
  const socket = connect(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  return socket
}

/** What one request with a body is answered. */
async function post(port: number, body: string): Promise<string> {
  const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', agent: false })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return text(response)
}

describe('in plain text', () => {
  test('HTTP/1.1 gets its answer, however large its body', async () => {
    const { port } = await start()
    expect(await post(port, 'hello')).toBe('POST hello')
    const large = 'x'.repeat(1_000_000)
    expect(await post(port, large)).toBe(`POST ${large}`)
  })

  test('HTTP/1.1 that comes byte by byte gets its answer', async () => {
    const { port } = await start()
    const socket = dial(port)
    socket.setNoDelay()
    for (const byte of 'PUT / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi') {
      socket.write(byte)
      await new Promise(setImmediate)
    }
    expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*PUT hi/)
  })

  test('what nobody reads of a request stays with its client', async () => {
    const requests: IncomingMessage[] = []
    const listener = await listen(
      { http: (request) => requests.push(request), http2: () => undefined },
      { host: '127.0.0.1', port: 0 },
    )
    onTestFinished(() => listener.close(0))
    const body = Buffer.alloc(50_000_000)
    const clients = Array.from({ length: 10 }, () => {
      const client = dial(listener.port)
      client.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n`)
      client.write(body)
      return client
    })
    await eventually('all have come', () => (requests.length === clients.length ? true : undefined))
    // Read, all of it would be there by then.
    await delay(500)
    for (const { socket } of requests) expect(socket.bytesRead).toBeLessThan(1_000_000)
  })

  test('HTTP/2 goes through its own door, with all it said', async () => {
    const { port } = await start()
    dial(port).write(`${HTTP2_PREFACE}and more`)
    const socket = await eventually('the connection came', () => http2Connections[0])
    await eventually('all of it is there', () =>
      String((socket.readableLength > 0 && socket.read()) || '') === `${HTTP2_PREFACE}and more` ? true : undefined,
    )
    socket.destroy()
  })

  test('HTTP/2 that comes in pieces goes through its own door as well', async () => {
    const { port } = await start()
    const socket = dial(port)
    socket.setNoDelay()
    for (const byte of HTTP2_PREFACE) {
      socket.write(byte)
      await new Promise(setImmediate)
    }
    const arrived = await eventually('the connection came', () => http2Connections[0])
    arrived.destroy()
  })

  test('what only begins like HTTP/2 is HTTP/1.1, and a bad request', async () => {
    const { port } = await start()
    const socket = dial(port)
    socket.end('PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n')
    expect(await text(socket)).toContain('400 Bad Request')
    expect(http2Connections).toHaveLength(0)
  })

  test('a client that ends before it said what it speaks is let go', async () => {
    const { port } = await start()
    const socket = dial(port)
    socket.end('PRI')
    expect(await text(socket)).toBe('')
    expect(http2Connections).toHaveLength(0)
  })

  test(
    'of many clients that say nothing the first ones go, and who speaks is served',
    async () => {
      const { port } = await start()
      const waiting = dial(port).resume()
      const known = dial(port)
      await Promise.all([once(waiting, 'connect'), once(known, 'connect')])
      known.write(HTTP2_PREFACE)
      const served = await eventually('it is known', () => http2Connections[0])
      const closed = once(waiting, 'close')
      for (let count = 0; count < 500; count += 1) await once(dial(port), 'connect')
      await closed
      expect(served.closed).toBe(false)
      served.destroy()
      expect(await post(port, 'hello')).toBe('POST hello')
    },
    BEFORE_SILENCE_MS,
  )

  test(
    'so do the first of many that never come to the end of their headers, and who has asked stays',
    async () => {
      const { port } = await start()
      const asked = dial(port)
      asked.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
      await once(asked, 'data')
      const slow = dial(port).resume()
      slow.write('GET / HTTP/1.1\r\nhost: a\r\n')
      await once(slow, 'connect')
      const closed = once(slow, 'close')
      for (let count = 0; count < 500; count += 1) {
        const next = dial(port)
        next.write('GET / HTTP/1.1\r\n')
        await once(next, 'connect')
      }
      await closed
      asked.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
      expect(String(await once(asked, 'data'))).toContain('200 OK')
    },
    BEFORE_SILENCE_MS,
  )

  test('off loopback it must be asked for', async () => {
    const error = await start({ host: '0.0.0.0' }).catch((thrown: unknown) => thrown as CommandError)
    expect(error).toMatchObject({
      code: 'invalid_request',
      message:
        'plain text on 0.0.0.0 would show tokens to the network; give --tls-cert and --tls-key, or --insecure-plaintext when a proxy in front ends TLS',
    })
    const { port } = await start({ host: '0.0.0.0', insecurePlaintext: true })
    expect(await post(port, 'hi')).toBe('POST hi')
  })
})

test('who does not close their end does not hold up the close for longer than its grace', async () => {
  const listener = await start()
  const [http1, http2] = [dial(listener.port), dial(listener.port)]
  http2.write(HTTP2_PREFACE)
  await eventually('it came in', () => Promise.resolve(http2Connections[0]))
  http1.write('POST / HTTP/1.1\r\n')
  const gone = Promise.all([once(http1, 'close'), once(http2, 'close')])
  await listener.close(50)
  await gone
})

describe('with TLS', () => {
  let folder: string
  let ca: Buffer
  const renewalErrors: CommandError[] = []

  const use = async (name: 'first' | 'second'): Promise<void> => {
    await copyFile(join(FIXTURES, `${name}.key`), join(folder, 'tls.key'))
    await copyFile(join(FIXTURES, `${name}.crt`), join(folder, 'tls.crt'))
  }

  const startTls = (): Promise<Listener> => {
    const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
    return start({ host: '0.0.0.0', tls: new TlsFiles(files, (error) => renewalErrors.push(error)) })
  }

  beforeEach(async () => {
    ca = await readFile(join(FIXTURES, 'ca.crt'))
    folder = await mkdtemp(join(tmpdir(), 'alien-tls-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    await use('first')
  })

  async function shakeHands(port: number, ALPNProtocols: string[]): Promise<TLSSocket> {
    const socket = connectTls({ port, host: '127.0.0.1', ca, ALPNProtocols })
    onTestFinished(() => void socket.destroy())
    await once(socket, 'secureConnect')
    return socket
  }

  /** What a client that offers these protocols agrees on, and whose certificate it is shown. */
  async function handshake(port: number, ALPNProtocols: string[]): Promise<{ protocol: unknown; name: unknown }> {
    const socket = await shakeHands(port, ALPNProtocols)
    const { subject } = socket.getPeerCertificate()
    return { protocol: socket.alpnProtocol, name: subject.CN }
  }

  test('curl and browsers, which offer both, get HTTP/1.1; gRPC, which offers h2 only, gets that', async () => {
    const { port, secure } = await startTls()
    expect(secure).toBe(true)
    expect((await handshake(port, ['h2', 'http/1.1'])).protocol).toBe('http/1.1')
    expect((await handshake(port, [])).protocol).toBe(false)
    expect(http2Connections).toHaveLength(0)
    expect((await handshake(port, ['h2'])).protocol).toBe('h2')
    const arrived = await eventually('the connection came', () => http2Connections[0])
    arrived.destroy()
  })

  test('a renewed certificate is shown to new clients, and old connections live on', async () => {
    const { port } = await startTls()
    const agent = new HttpsAgent({ keepAlive: true, maxSockets: 1, ca })
    onTestFinished(() => agent.destroy())
    const kept = async (): Promise<{ name: unknown; reused: boolean }> => {
      const request = httpsRequest({ port, host: '127.0.0.1', agent })
      request.end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      const name = response.socket instanceof TLSSocket ? response.socket.getPeerCertificate().subject.CN : undefined
      await text(response)
      return { name, reused: request.reusedSocket }
    }
    expect(await kept()).toStrictEqual({ name: 'first', reused: false })
    await use('second')
    await eventually('the new certificate is shown', async () =>
      (await handshake(port, ['h2'])).name === 'second' ? true : undefined,
    )
    expect(await kept()).toStrictEqual({ name: 'first', reused: true })
  })

  test('a renewal that is not good changes nothing, and is told', async () => {
    const { port } = await startTls()
    renewalErrors.length = 0
    await writeFile(join(folder, 'tls.crt'), 'not a certificate')
    const error = await eventually('the trouble is told', () => renewalErrors[0])
    expect(error.message).toContain(`cannot use the certificate ${join(folder, 'tls.crt')} with the key`)
    expect((await handshake(port, ['h2'])).name).toBe('first')
  })

  // OpenSSL takes a key of another kind than the certificate's for one of a second pair.
  const otherKind = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey
  test.each([
    ['of the same kind', () => readFile(join(FIXTURES, 'second.key'))],
    ['of another kind', () => otherKind.export({ type: 'pkcs8', format: 'pem' })],
  ])('a key of another certificate, %s, is refused at the start', async (_kind, key) => {
    await writeFile(join(folder, 'tls.key'), await key())
    await expect(startTls()).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('give both as PEM files that belong together') as string,
    })
  })

  test(
    'of many clients in the middle of their handshakes the first ones go, and who has shaken hands stays',
    async () => {
      const { port } = await startTls()
      const waiting = dial(port).resume()
      await once(waiting, 'connect')
      const known = await shakeHands(port, ['h2'])
      await eventually('it is known', () => http2Connections[0])
      const closed = once(waiting, 'close')
      for (let count = 0; count < 500; count += 1) await once(dial(port), 'connect')
      await closed
      expect(known.closed).toBe(false)
    },
    BEFORE_SILENCE_MS,
  )

  test('plain text is no way in', async () => {
    const { port } = await startTls()
    const socket = dial(port)
    socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
    expect(await text(socket)).not.toContain('HTTP')
    expect(http2Connections).toHaveLength(0)
  })
})
