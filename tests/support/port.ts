/** Ports for what cannot take any: they are the same over a restart, or nobody is to listen there. */
import { randomInt } from 'node:crypto'
import { isPortFree } from '../../temporal/free-port.js'

/** Below the range from which systems give ports to those who ask for any, and to outgoing connections. */
const [LOWEST, HIGHEST] = [12_000, 30_000]

/** A free port of loopback that no process beside this one gets by chance, now or later. */
export async function ownPort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST)
    if (await isPortFree(port)) return port
  }
}
