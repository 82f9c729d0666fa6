/** Calling what is not for agents: every method of every service that Temporal has, or might have. */
import protobuf from 'protobufjs'
import { allRefused, type Arena, type Attack } from '../attack.js'
import { NAMESPACE } from '../battlefield.js'
import { temporal, WORKFLOW_SERVICE } from '../hostile-client.js'
import { ADMIN_METHODS } from '../admin-methods.js'

const FOR_AGENTS = new Set([
  'GetSystemInfo',
  'DescribeNamespace',
  'PollActivityTaskQueue',
  'RespondActivityTaskCompleted',
  'RespondActivityTaskFailed',
  'RespondActivityTaskCanceled',
  'RecordActivityTaskHeartbeat',
  'RecordWorkerHeartbeat',
  'ShutdownWorker',
])

const { root } = temporal as unknown as protobuf.Namespace

const pathsOf = (service: string): string[] =>
  Object.keys(root.lookupService(service).methods).map((method) => `/${service}/${method}`)

const NAMESPACE_FIELD = protobuf.Writer.create().uint32(10).string(NAMESPACE).finish()

/** With nothing, and with what begins most requests: the namespace. */
async function callAll({ hostile }: Arena, paths: readonly string[], ...codes: Parameters<typeof allRefused>[1][]) {
  const answers = await Promise.all(
    paths.flatMap((method) => [hostile.call({ method }), hostile.call({ method, request: NAMESPACE_FIELD })]),
  )
  return allRefused(answers, 'PERMISSION_DENIED', ...codes)
}

const attack = (name: string, without: string, paths: () => readonly string[], speaksGrpc = true): Attack => ({
  ...{ name, without, speaksGrpc },
  mayReach: 'nothing',
  run: (arena) => callAll(arena, paths()),
})

const ODD_PATHS = [
  '/',
  '//',
  `/${WORKFLOW_SERVICE}`,
  `/${WORKFLOW_SERVICE}/`,
  `/${WORKFLOW_SERVICE}/GetSystemInfo/`,
  `//${WORKFLOW_SERVICE}/GetSystemInfo`,
  `/${WORKFLOW_SERVICE}//GetSystemInfo`,
  `/${WORKFLOW_SERVICE}/./GetSystemInfo`,
  `/${WORKFLOW_SERVICE}/getSystemInfo`,
  `/${WORKFLOW_SERVICE.toLowerCase()}/GetSystemInfo`,
  `/${WORKFLOW_SERVICE}/GetSystemInfo?x`,
  `/${WORKFLOW_SERVICE}/GetSystemInfo%00`,
  `/${WORKFLOW_SERVICE}%2FGetSystemInfo`,
  `/${WORKFLOW_SERVICE}/__proto__`,
  `/${WORKFLOW_SERVICE}/constructor`,
  `/${WORKFLOW_SERVICE}/hasOwnProperty`,
  '/__proto__/toString',
  '/temporal.api.workflowservice.v2.WorkflowService/GetSystemInfo',
  '/evil.Service/Method',
  `/${'x'.repeat(4_000)}`,
]

export const METHOD_ATTACKS: readonly Attack[] = [
  attack('call every other method of WorkflowService', "would start, signal, read and end everybody's workflows", () =>
    pathsOf(WORKFLOW_SERVICE).filter((path) => !FOR_AGENTS.has(path.slice(path.lastIndexOf('/') + 1))),
  ),
  attack('call every method of OperatorService', 'would delete namespaces and change the cluster', () =>
    pathsOf('temporal.api.operatorservice.v1.OperatorService'),
  ),
  attack('call every method of AdminService', 'would read and rewrite histories and task queues', () =>
    ADMIN_METHODS.map((method) => `/temporal.server.api.adminservice.v1.AdminService/${method}`),
  ),
  attack('call every method of CloudService', 'would manage the account at Temporal Cloud', () =>
    pathsOf('temporal.api.cloud.cloudservice.v1.CloudService'),
  ),
  attack('call test, health and reflection services', 'would turn time, and learn what there is to attack', () => [
    ...pathsOf('temporal.api.testservice.v1.TestService'),
    ...pathsOf('grpc.health.v1.Health'),
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
    '/grpc.channelz.v1.Channelz/GetTopChannels',
    '/grpc.channelz.v1.Channelz/GetServers',
    '/temporal.server.api.historyservice.v1.HistoryService/GetShard',
    '/temporal.server.api.matchingservice.v1.MatchingService/PollActivityTaskQueue',
  ]),
  attack(
    'call methods nobody has, and paths that look like one',
    'would find what a careless table lets by',
    () => ODD_PATHS,
  ),
]
