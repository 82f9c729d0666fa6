/** What any process tells of itself, named as Prometheus' own clients name it. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Metrics } from './metrics.js'

/** @returns ends that */
export function observeProcess(metrics: Metrics, version: string): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  const startedAtSeconds = Date.now() / 1_000 - process.uptime()
  const ends = [
    metrics.buildInfo.observe((set) => set(1, { version })),
    metrics.processStart.observe((set) => set(startedAtSeconds, {})),
    metrics.processMemory.observe((set) => set(process.memoryUsage.rss(), {})),
    metrics.processCpu.observe((set) => {
      const { user, system } = process.cpuUsage()
      set((user + system) / 1e6, {})
    }),
    metrics.eventLoopDelay.observe((set) => {
      if (delay.count > 0) set(delay.max / 1e9, {})
      delay.reset()
    }),
  ]
  return () => {
    delay.disable()
    for (const end of ends) end()
  }
}
