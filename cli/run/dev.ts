/** Runs `alien dev`. */
import { resolve } from 'node:path'
import { DEFAULT_DEPLOYMENT, stateDir } from '../../protocol/dev-state.js'
import { CommandError } from '../../protocol/errors.js'
import { DEFAULT_PORT } from '../../protocol/names.js'
import { isPortFree } from '../../temporal/free-port.js'
import { startDevStack, writeDevState, type DevStack } from '../../workers/dev-stack.js'
import { loadAlienFile } from '../../workers/load-alien-file.js'
import { createLogger } from '../../workers/logger.js'
import type { DevFlags } from '../commands/dev.js'
import { say, showProgress, style } from '../console.js'
import { untilSignal } from '../signals.js'

export async function runDev(file: string, flags: DevFlags): Promise<void> {
  const progress = showProgress('reading alien.ts')
  const told = (message: string) => say(`${style.dim('agent')}  ${message}`)
  let stack: DevStack
  try {
    await refuseTakenPorts(flags)
    const functions = await loadAlienFile(resolve(file), stateDir())
    stack = await startDevStack({
      host: flags.host,
      port: flags.port ?? ((await isPortFree(DEFAULT_PORT)) ? DEFAULT_PORT : 0),
      stateDir: stateDir(),
      keepsInvocations: true,
      deployments: flags.deployment ?? [DEFAULT_DEPLOYMENT],
      functions,
      temporalPort: flags.temporalPort,
      temporalUiPort: flags.temporalUiPort,
      log: createLogger('alien', { ALIEN_LOG_LEVEL: 'warn', ...process.env }),
      onProgress: (message) => progress.update(message),
      onAgent: told,
    })
  } finally {
    progress.stop()
  }
  const { state } = stack
  try {
    if (flags.statusFile !== undefined) await writeDevState(flags.statusFile, state)
    say(`${style.green('ready')}  API ${state.url}`)
    say(`       Temporal ${state.temporalAddress}${state.temporalUi === null ? '' : `, Web UI ${state.temporalUi}`}`)
    say(`       deployments ${state.deployments.map(({ name }) => name).join(', ')}`)
    process.send?.('ready')
    await Promise.race([stack.done, untilSignal()])
  } finally {
    const stopping = showProgress('stopping')
    await stack.close()
    stopping.stop()
  }
}

/** Before anything is started. What takes a port later on is noticed by whoever wants to listen on it. */
async function refuseTakenPorts({ port, temporalPort, temporalUiPort }: DevFlags): Promise<void> {
  const given = { '--port': port, '--temporal-port': temporalPort, '--temporal-ui-port': temporalUiPort }
  for (const [flag, wanted] of Object.entries(given)) {
    // Why else a port cannot be had is for its listener to say.
    if (wanted === undefined || (await isPortFree(wanted).catch(() => true))) continue
    const message = `port ${wanted} is already in use; stop what holds it, or choose another with ${flag}`
    throw new CommandError('conflict', message)
  }
}
