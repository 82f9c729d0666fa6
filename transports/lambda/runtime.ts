/**
 * Package entry `./lambda`: serves commands from an AWS Lambda function, which the vendor invokes (as an event, or waiting
 * for the answer), or which takes messages from an SQS queue.
 */
import { isPlainObject } from '../../protocol/json.js'
import { createHandlerRuntime, type DeliveryEnd } from '../runtime/handler-runtime.js'
import { isDone } from '../runtime/is-done.js'
import { runtimeSettings, type RuntimeOptions } from '../runtime/runtime-settings.js'

export type { RuntimeOptions } from '../runtime/runtime-settings.js'

/** What the handler needs of Lambda's context. */
export interface LambdaContext {
  readonly getRemainingTimeInMillis: () => number
}

export type LambdaHandler = (event: unknown, context: LambdaContext) => Promise<unknown>

interface SqsRecord {
  readonly messageId: string
  readonly body: string
}

/**
 * The function's handler. Answers with what the command came to; a batch of SQS with `batchItemFailures`, for which the
 * event source needs `ReportBatchItemFailures`. Throws what is to be delivered again.
 *
 * @throws {CommandError} `invalid_request` at once when `ALIEN_URL` or `ALIEN_DEPLOYMENT_ID` is missing
 * @example export const handler = createLambdaHandler()
 */
export function createLambdaHandler(options: RuntimeOptions = {}): LambdaHandler {
  const runtime = createHandlerRuntime('lambda', runtimeSettings(options))
  return async (event, context) => {
    const deliver = (delivered: unknown, isAwaited: boolean): Promise<DeliveryEnd> =>
      runtime.deliver(delivered, context.getRemainingTimeInMillis(), isAwaited)
    const records = sqsRecords(event)
    if (records === undefined) return answerOf(await deliver(event, true))
    const failures = await Promise.all(
      records.map(async ({ messageId, body }) =>
        isDone(await deliver(body, false)) ? [] : [{ itemIdentifier: messageId }],
      ),
    )
    return { batchItemFailures: failures.flat() }
  }
}

function sqsRecords(event: unknown): readonly SqsRecord[] | undefined {
  if (!isPlainObject(event) || !Array.isArray(event['Records'])) return undefined
  const records = event['Records'] as unknown[]
  const isSqs = (record: unknown): record is SqsRecord => isPlainObject(record) && record['eventSource'] === 'aws:sqs'
  return records.every(isSqs) ? records : undefined
}

/** Lambda delivers an event again when its function throws. */
function answerOf(end: DeliveryEnd): unknown {
  if (end.kind === 'done') return end.response ?? null
  if (isDone(end)) return null
  throw end.error
}
