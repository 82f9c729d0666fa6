import { expect, test } from 'vitest'
import { callerAddress, trustProxy } from './trust-proxy.js'

test.each<[string | undefined, string, string | undefined, string]>([
  [undefined, '10.0.0.1', '203.0.113.1', '10.0.0.1'],
  ['1', '10.0.0.1', undefined, '10.0.0.1'],
  ['1', '10.0.0.1', '203.0.113.1', '203.0.113.1'],
  // What stands before it is the caller's own.
  ['1', '10.0.0.1', '198.51.100.7, 203.0.113.1', '203.0.113.1'],
  ['2', '10.0.0.1', '198.51.100.7, 203.0.113.1', '198.51.100.7'],
  ['10.0.0.0/8', '10.0.0.1', '198.51.100.7, 10.0.0.2', '198.51.100.7'],
  ['10.0.0.0/8,loopback', '::ffff:127.0.0.1', '203.0.113.1, 10.9.9.9', '203.0.113.1'],
  ['10.0.0.0/8', '192.0.2.1', '203.0.113.1', '192.0.2.1'],
])('trusting %s, of %s, which says %s, the address is %s', (proxies, connected, forwardedFor, address) => {
  expect(callerAddress(trustProxy(proxies), connected, forwardedFor)).toBe(address)
})

test.each(['true', '', '10.0.0.0/99', 'proxy.example'])('there are no such proxies: "%s"', (proxies) => {
  expect(() => trustProxy(proxies)).toThrow(
    `trusted proxies "${proxies}" must be how many there are, or their addresses, like "10.0.0.0/8, loopback"`,
  )
})
