import { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { IdleConnections } from './idle-connections.js'

test('of more than 2,000 that are idle, the one that is so for longest goes, and none that is busy', () => {
  const connections = new IdleConnections()
  const sockets = Array.from({ length: 2_002 }, () => new Socket())
  sockets.slice(0, 2_000).forEach((socket) => connections.idle(socket))
  const [first, second] = sockets
  if (first) connections.busy(first)
  sockets.slice(2_000).forEach((socket) => connections.idle(socket))
  expect(sockets.filter(({ destroyed }) => destroyed)).toEqual([second])
})

test('one that was closed takes no room', async () => {
  const connections = new IdleConnections()
  const closed = new Socket()
  connections.idle(closed)
  const gone = new Promise((resolve) => closed.once('close', resolve))
  closed.destroy()
  await gone
  const sockets = Array.from({ length: 2_000 }, () => new Socket())
  sockets.forEach((socket) => connections.idle(socket))
  expect(sockets.some(({ destroyed }) => destroyed)).toBe(false)
})

test('one that serves many requests is listened to once', () => {
  const connections = new IdleConnections()
  const socket = new Socket()
  for (let count = 0; count < 20; count += 1) {
    connections.idle(socket)
    connections.busy(socket)
  }
  expect(socket.listenerCount('close')).toBe(new Socket().listenerCount('close') + 1)
})
