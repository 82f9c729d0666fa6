import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { proxyOf } from './proxy-of.js'

const URL_OF = 'https://commands.vendor.example'

beforeEach(() => {
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY', 'no_proxy'])
    vi.stubEnv(name, '')
})
afterEach(() => vi.unstubAllEnvs())

test('there is none unless it is named, nor for what is excepted', () => {
  expect(proxyOf(URL_OF)).toBeUndefined()
  vi.stubEnv('HTTPS_PROXY', 'http://proxy.corp:3128')
  vi.stubEnv('NO_PROXY', '.vendor.example')
  expect(proxyOf(URL_OF)).toBeUndefined()
})

test.each([
  ['http://proxy.corp:3128', 'http://proxy.corp:3128/'],
  ['proxy.corp:3128', 'http://proxy.corp:3128/'],
  ['user:secret@proxy.corp:3128', 'http://user:secret@proxy.corp:3128/'],
])('%s is an HTTP proxy', (named, proxy) => {
  vi.stubEnv('HTTPS_PROXY', named)
  expect(proxyOf(URL_OF)?.href).toBe(proxy)
})

test.each([
  ['https://proxy.corp:3128', 'https://proxy.corp:3128'],
  ['socks5://user:secret@proxy.corp:1080', 'socks5://…@proxy.corp:1080'],
  ['http://user:sec/ret@proxy.corp:3128', 'http://…@proxy.corp:3128'],
  ['http://', 'http://'],
])('%s is refused, its password left out', (named, told) => {
  vi.stubEnv('HTTPS_PROXY', named)
  expect(() => proxyOf(URL_OF)).toThrow(
    `cannot use the proxy ${told}, which is set for ${URL_OF}; name an HTTP proxy, as http://proxy.example:3128, in HTTPS_PROXY, or except this address in NO_PROXY`,
  )
})
