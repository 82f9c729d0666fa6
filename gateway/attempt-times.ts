/** How long attempts that were given to agents here took until they were reported here. */
import proto from '@temporalio/proto'
import { LRUCache } from 'lru-cache'
import type { Metrics } from '../observability/metrics.js'
import { fieldsOf } from './wire.js'

const { ActivityType } = proto.temporal.api.common.v1

/** `activity_type` of `PollActivityTaskQueueResponse`. */
const ACTIVITY_TYPE = 5

/** By method: how an attempt ended. */
const ENDS: Readonly<Record<string, string>> = {
  RespondActivityTaskCompleted: 'completed',
  RespondActivityTaskFailed: 'failed',
  RespondActivityTaskCanceled: 'canceled',
}

/** Reports of lost attempts never come. */
const MAX_KEPT = 50_000

interface Begun {
  readonly command: string
  readonly atMs: number
}

export class AttemptTimes {
  readonly #metrics: Pick<Metrics, 'queueSeconds' | 'attemptSeconds'>
  /** By Temporal's task token. */
  readonly #begun = new LRUCache<string, Begun>({ max: MAX_KEPT })

  constructor(metrics: Pick<Metrics, 'queueSeconds' | 'attemptSeconds'>) {
    this.#metrics = metrics
  }

  /** @param task a `PollActivityTaskQueueResponse` */
  given(task: Uint8Array, token: Uint8Array, waitedMs: number): void {
    const command = commandOf(task)
    this.#metrics.queueSeconds.record(waitedMs / 1_000, { command })
    this.#begun.set(keyOf(token), { command, atMs: performance.now() })
  }

  reported(method: string, token: Uint8Array): void {
    const end = ENDS[method]
    if (end === undefined) return
    const key = keyOf(token)
    const begun = this.#begun.get(key)
    if (begun === undefined) return
    this.#begun.delete(key)
    const { command, atMs } = begun
    this.#metrics.attemptSeconds.record((performance.now() - atMs) / 1_000, { command, end })
  }
}

function commandOf(task: Uint8Array): string {
  for (const { id, content } of fieldsOf(task)) {
    if (id === ACTIVITY_TYPE && content) return ActivityType.decode(content).name
  }
  return ''
}

const keyOf = (token: Uint8Array): string => Buffer.from(token).toString('base64')
