/**
 * Amazon's SQS by its JSON protocol, as far as legs need a queue. Its requests name account and region where a signature
 * does, and are not signed: ministack takes them so.
 */
export interface SqsQueue {
  readonly arn: string
  /** Up to ten, at once. */
  readonly send: (...bodies: string[]) => Promise<void>
  /** The next that comes, taken out of the queue. */
  readonly receive: () => Promise<string>
  /** How many are in it, those included that somebody works on. */
  readonly size: () => Promise<number>
}

export interface SqsAccount {
  readonly endpoint: string
  readonly account: string
  readonly region: string
}

interface SqsAnswer {
  readonly QueueUrl: string
  readonly Attributes: Readonly<Record<string, string>>
  readonly Messages?: readonly { readonly Body: string; readonly ReceiptHandle: string }[]
}

const LONGEST_POLL_SECONDS = 20

export async function createSqsQueue(
  { endpoint, account, region }: SqsAccount,
  name: string,
  attributes: Readonly<Record<string, string>> = {},
): Promise<SqsQueue> {
  const call = async (action: string, input: object): Promise<SqsAnswer> => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AmazonSQS.${action}`,
        authorization: `AWS4-HMAC-SHA256 Credential=${account}/20260101/${region}/sqs/aws4_request, SignedHeaders=host, Signature=none`,
      },
      body: JSON.stringify(input),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`SQS ${action}: ${response.status} ${text}`)
    return JSON.parse(text === '' ? '{}' : text) as SqsAnswer
  }
  const { QueueUrl } = await call('CreateQueue', { QueueName: name, Attributes: attributes })
  const attributesOf = async () => (await call('GetQueueAttributes', { QueueUrl, AttributeNames: ['All'] })).Attributes
  const { QueueArn = '' } = await attributesOf()
  return {
    arn: QueueArn,
    send: async (...bodies) => {
      const Entries = bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody }))
      await call('SendMessageBatch', { QueueUrl, Entries })
    },
    receive: async () => {
      for (;;) {
        const { Messages = [] } = await call('ReceiveMessage', { QueueUrl, WaitTimeSeconds: LONGEST_POLL_SECONDS })
        const [message] = Messages
        if (message === undefined) continue
        await call('DeleteMessage', { QueueUrl, ReceiptHandle: message.ReceiptHandle })
        return message.Body
      }
    },
    size: async () => {
      const { ApproximateNumberOfMessages: waiting, ApproximateNumberOfMessagesNotVisible: taken } =
        await attributesOf()
      return Number(waiting) + Number(taken)
    },
  }
}
