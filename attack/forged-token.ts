/** A task token of Temporal's own kind, made by hand from what can be known or guessed about a workflow. */
import protobuf from 'protobufjs'
import { NAMESPACE, type Battlefield } from './battlefield.js'

/** `Task` of Temporal's token.proto. Temporal signs nothing, so this is as good as its own. */
export async function forgedToken(
  { temporal }: Pick<Battlefield, 'temporal'>,
  workflowId: string,
): Promise<Uint8Array> {
  const { namespaceInfo } = await temporal.workflowService.describeNamespace({ namespace: NAMESPACE })
  const { runId } = await temporal.workflow.getHandle(workflowId).describe()
  const { history } = await temporal.workflowService.getWorkflowExecutionHistory({
    namespace: NAMESPACE,
    execution: { workflowId, runId },
  })
  const scheduled = history?.events?.find(({ activityTaskScheduledEventAttributes: attributes }) => attributes)
  const { activityId, activityType } = scheduled?.activityTaskScheduledEventAttributes ?? {}
  return protobuf.Writer.create()
    .uint32(10)
    .string(namespaceInfo?.id ?? '')
    .uint32(18)
    .string(workflowId)
    .uint32(26)
    .string(runId)
    .uint32(32)
    .int64(Number(scheduled?.eventId))
    .uint32(40)
    .int32(1)
    .uint32(50)
    .string(activityId ?? '')
    .uint32(58)
    .string('invokeCommand')
    .uint32(66)
    .string(activityType?.name ?? '')
    .finish()
}
