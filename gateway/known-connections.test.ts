import { expect, test } from 'vitest'
import { KnownConnections, MAX_CONNECTIONS } from './known-connections.js'

/** Opens so many, each with two calls, and gives how to close one. */
function open(connections: KnownConnections, deploymentId: string, count: number) {
  const closers: (() => void)[] = []
  const admit = (at: number) => connections.admit(deploymentId, `10.0.0.1:${at}`, (gone) => closers.push(gone))
  const admitted = Array.from({ length: count }, (_, at) => admit(at) && admit(at)).filter(Boolean).length
  return { admitted, closers, admit }
}

test('a deployment has room for so many, and for another when one is closed', () => {
  const connections = new KnownConnections()
  const { admitted, closers, admit } = open(connections, 'dep_a', MAX_CONNECTIONS + 1)
  expect(admitted).toBe(MAX_CONNECTIONS)
  expect(admit(0)).toBe(true)
  expect(admit(MAX_CONNECTIONS + 1)).toBe(false)
  closers[0]?.()
  expect(admit(MAX_CONNECTIONS + 1)).toBe(true)
  expect(admit(0)).toBe(false)
})

test('one deployment takes no room from another, on a shared connection neither', () => {
  const connections = new KnownConnections()
  open(connections, 'dep_a', MAX_CONNECTIONS)
  expect(connections.admit('dep_b', '10.0.0.1:1', () => undefined)).toBe(true)
})
