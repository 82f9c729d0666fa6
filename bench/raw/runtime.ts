import { DefaultLogger, Runtime } from '@temporalio/worker'

/** Only what goes wrong is worth a line among the figures. */
export function quietRuntime(): void {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] })
}
