/**
 * Every metric of ours, by the name that Prometheus and OTLP both show. `docs/metrics.md` is made from this.
 *
 * Labels have few values: routes, methods, codes, kinds. The one that users choose is `command`; see `bounded-names.ts`.
 */

type Kind = 'counter' | 'histogram' | 'gauge' | 'observed counter'

export interface MetricEntry<Label extends string = string, Of extends Kind = Kind> {
  readonly kind: Of
  /** With its unit at the end, and `_total` when it only grows. */
  readonly name: string
  readonly help: string
  readonly labels: readonly Label[]
}

const entry =
  <Of extends Kind>(kind: Of) =>
  <Label extends string = never>(name: string, help: string, ...labels: Label[]): MetricEntry<Label, Of> => ({
    kind,
    name,
    help,
    labels,
  })

const counter = entry('counter')
/** Of seconds. */
const histogram = entry('histogram')
/** What is looked up whenever metrics are collected. */
const gauge = entry('gauge')
const observedCounter = entry('observed counter')

export const METRICS = {
  invocationsStarted: counter('alien_invocations_started_total', 'Invocations that were started here.', 'command'),
  invocationsOpen: gauge(
    'alien_invocations_open',
    'Invocations without an outcome, of all control planes: Temporal is asked, at most every 10 s.',
  ),
  invocationsEnded: counter(
    'alien_invocations_ended_total',
    'Invocations that have their outcome: `succeeded`, or a code of the error table.',
    'command',
    'outcome',
    'transport',
  ),
  invocationSeconds: histogram(
    'alien_invocation_duration_seconds',
    "From an invocation's start until its outcome, by Temporal's clock.",
    'command',
  ),
  queueSeconds: histogram(
    'alien_attempt_queue_seconds',
    "How long an attempt waited for an agent, by Temporal's clock.",
    'command',
  ),
  attemptSeconds: histogram(
    'alien_attempt_duration_seconds',
    'From when an agent was given an attempt until it reported: `completed`, `failed` or `canceled`. Of both at this control plane.',
    'command',
    'end',
  ),
  httpSeconds: histogram(
    'alien_http_request_duration_seconds',
    'Requests to the HTTP API. Some are held on purpose, for up to 55 s. Status 499: the client was gone before its answer.',
    'method',
    'route',
    'status',
  ),
  gatewayCalls: counter('alien_gateway_calls_total', "Agents' calls that the gateway took up.", 'method'),
  gatewayRefusals: counter(
    'alien_gateway_refusals_total',
    "Agents' calls that the gateway refused, by gRPC code. `PERMISSION_DENIED` and `UNAUTHENTICATED` are denials.",
    'method',
    'code',
  ),
  pollsOpen: gauge('alien_gateway_polls', 'Polls of agents that this control plane holds.'),
  agentsOnline: gauge('alien_agents_online', 'Agents whose polls this control plane holds.'),
  deployments: gauge(
    'alien_deployments',
    'Deployments that ever had an agent, and are not pushed to: with one `online`, or all `offline`. The same at every control plane.',
    'state',
  ),
  dependencyUp: gauge(
    'alien_dependency_up',
    'Whether `temporal`, or the `registry`, answers this control plane within 2 s: 1, else 0.',
    'dependency',
  ),
  certificateEnd: gauge(
    'alien_certificate_expiry_timestamp_seconds',
    'When a certificate ends that this process shows, since 1970: to callers and agents (`server`), or to `temporal`.',
    'certificate',
  ),
  auditFailures: observedCounter(
    'alien_audit_failures_total',
    'Audit records that could not be written, and are in the log instead.',
  ),
  pushes: counter(
    'alien_pushes_total',
    'Attempts that were pushed: `accepted`, `answered`, `rejected`, `not_now`, `unconfirmed`, or `error`.',
    'transport',
    'outcome',
  ),
  pushSeconds: histogram(
    'alien_push_duration_seconds',
    'How long a service took to take an attempt, or to answer it.',
    'transport',
  ),
  agentRuns: gauge('alien_agent_runs', 'Commands that this agent has in hand.'),
  agentRunSeconds: histogram(
    'alien_agent_run_duration_seconds',
    "From when an agent has a command until its handler's end, its wait for a turn included.",
    'command',
    'outcome',
  ),
  agentReconnects: counter(
    'alien_agent_reconnects_total',
    'How often this agent connected anew, because its polls did not arrive.',
  ),
  buildInfo: gauge('alien_build_info', 'Always 1.', 'version'),
  processStart: gauge('process_start_time_seconds', 'When the process started, since 1970.'),
  processCpu: observedCounter('process_cpu_seconds_total', 'Processor time that the process used.'),
  processMemory: gauge('process_resident_memory_bytes', 'Memory of the process.'),
  eventLoopDelay: gauge(
    'nodejs_eventloop_delay_seconds',
    'Greatest delay of the event loop since metrics were collected last.',
  ),
} as const

export type MetricName = keyof typeof METRICS
