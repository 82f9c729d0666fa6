/**
 * A poll that cannot take its answer: HTTP/2 whose flow control leaves no room for one, as at an agent that hangs. For
 * JavaScript too (`scripts/record-histories.js`), so it is in it.
 */
import proto from '@temporalio/proto'
import { connect } from 'node:http2'

const { PollActivityTaskQueueRequest } = proto.temporal.api.workflowservice.v1

/**
 * @param {string} url of the control plane, in plain text
 * @param {string} token of the agent
 * @param {string} queue
 * @returns {() => void} what cuts the connection
 */
export function startDeafPoll(url, token, queue) {
  const session = connect(url, { settings: { initialWindowSize: 0 } })
  session.on('error', () => undefined)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/temporal.api.workflowservice.v1.WorkflowService/PollActivityTaskQueue',
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Bearer ${token}`,
  })
  stream.on('error', () => undefined)
  const message = PollActivityTaskQueueRequest.encode({
    namespace: 'default',
    taskQueue: { name: queue, kind: 1 },
  }).finish()
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  stream.end(Buffer.concat([prefix, message]))
  return () => session.destroy()
}
