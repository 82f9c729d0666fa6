import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { freePort, isPortFree } from './free-port.js'

it('gives a port that can be listened on, and sees when it is taken', async () => {
  const port = await freePort()
  expect(await isPortFree(port)).toBe(true)
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  try {
    expect(await isPortFree(port)).toBe(false)
  } finally {
    server.close()
  }
})

it('does not mistake other trouble for a taken port', async () => {
  await expect(isPortFree(70_000)).rejects.toThrow('options.port should be >= 0 and < 65536')
})
