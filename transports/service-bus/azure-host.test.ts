import { expect, test } from 'vitest'
import { isAzureHost } from './azure-host.js'

test.each([
  'acme.servicebus.windows.net',
  'Acme-Prod1.ServiceBus.Windows.net',
  'acme.servicebus.chinacloudapi.cn',
  'acme.servicebus.usgovcloudapi.net',
  'acme.servicebus.cloudapi.de',
])('%s is', (namespace) => {
  expect(isAzureHost(namespace)).toBe(true)
})

test.each([
  'acme.servicebus.windows.net.evil.example',
  'acme.servicebus.windows.net.',
  'acme.evil.example/.servicebus.windows.net',
  'acme.servicebus-windows.net',
  'servicebus.windows.net',
  'acme.servicebus.windows.net:8443',
  'evil.example',
  '127.0.0.1:5672',
])('%s is not', (namespace) => {
  expect(isAzureHost(namespace)).toBe(false)
})
