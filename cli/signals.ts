/** SIGINT and SIGTERM: the first asks for an orderly end, the second ends at once. */

export function untilSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        resolve(signal)
        process.once(signal, () => process.kill(process.pid, 'SIGKILL'))
      })
    }
  })
}
