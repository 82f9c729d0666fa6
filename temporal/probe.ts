/** Whether Temporal answers to a process that needs it. */
import { status as grpc } from '@grpc/grpc-js'
import type { Connection } from '@temporalio/client'
import { NoAnswerError } from '../observability/answer-within.js'
import type { Probe } from '../observability/readiness.js'
import { grpcCode } from './grpc-code.js'

/** What both of Temporal's connections have. */
type Asked = Pick<Connection, 'workflowService' | 'withDeadline'>

export const temporalProbe = (connection: Asked, namespace: string): Probe => ({
  ask: (deadlineMs) =>
    connection.withDeadline(deadlineMs, () => connection.workflowService.describeNamespace({ namespace })),
  reasonOf: (error) => REASONS[grpcCode(error) ?? -1] ?? 'Temporal answers with an error',
})

/** What passes by itself is tried again by the connection, until it is too late. */
const REASONS: Readonly<Partial<Record<number, string>>> = {
  [grpc.DEADLINE_EXCEEDED]: new NoAnswerError().message,
  // So the native connection says it.
  [grpc.CANCELLED]: new NoAnswerError().message,
  [grpc.NOT_FOUND]: 'the namespace does not exist',
  [grpc.PERMISSION_DENIED]: 'Temporal refuses the credentials',
  [grpc.UNAUTHENTICATED]: 'Temporal refuses the credentials',
}
