/**
 * SIGINT and SIGTERM: the first asks for an orderly end, the second ends at once. A process that was forked also ends
 * with whoever forked it.
 */

export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      // The channel to a parent must not keep this process alive once it is done.
      process.channel?.unref()
      resolve()
    }
    process.once('disconnect', end)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.once(signal, () => {
        end()
        process.once(signal, () => process.kill(process.pid, 'SIGKILL'))
      })
    }
  })
}
