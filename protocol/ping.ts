/** The command that is there without anybody declaring it. */
import type { ManifestCommand } from './manifest.js'

export const PING_COMMAND = 'alien.ping'

export interface PingAnswer {
  /** `agent`, `lambda`, `cloud-run`, … */
  readonly runtime: string
  /** Of this package, at the customer's. */
  readonly version: string
  readonly manifest: readonly ManifestCommand[]
}
