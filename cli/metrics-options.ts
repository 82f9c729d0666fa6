/** Where a process tells Prometheus what it counts. */
import { Option } from 'commander'
import type { MetricsAddress } from '../observability/settings.js'
import { parsePort } from './port.js'

export interface MetricsFlags {
  readonly metricsPort?: number
  readonly metricsHost: string
}

export const metricsPortOption = (): Option =>
  new Option('--metrics-port <port>', "for Prometheus' GET /metrics (default: none)")
    .env('ALIEN_METRICS_PORT')
    .argParser(parsePort)

export const metricsHostOption = (): Option =>
  new Option('--metrics-host <address>', 'for the metrics port to listen on')
    .env('ALIEN_METRICS_HOST')
    .default('127.0.0.1')

export const metricsAddress = ({ metricsPort: port, metricsHost: host }: MetricsFlags): MetricsAddress | undefined =>
  port === undefined ? undefined : { host, port }
