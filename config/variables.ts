/** Variables that are no settings of one process: those of callers and of handlers, and those that others have named. */

interface Variable {
  readonly name: string
  /** Who reads it. */
  readonly of: string
  readonly description: string
}

export const VARIABLES: readonly Variable[] = [
  {
    name: 'ALIEN_CONFIG',
    of: 'all',
    description: 'the configuration file; without it, `alien.config.json` of the current folder, if there is one',
  },
  {
    name: 'ALIEN_URL',
    of: 'callers, runtimes',
    description: 'the control plane, for `CommandsClient`, the command line and function runtimes',
  },
  { name: 'ALIEN_TOKEN', of: 'callers', description: 'the API key, for the command line' },
  {
    name: 'ALIEN_INSECURE_PLAINTEXT',
    of: 'callers',
    description: '`true` allows an http URL of another machine, for `CommandsClient` and the command line',
  },
  { name: 'ALIEN_STATE_DIR', of: '`alien dev`, `alien build`, `alien vault`', description: 'as for an agent' },
  {
    name: 'ALIEN_CACHE_DIR',
    of: '`alien dev`',
    description: "where Temporal's binary is kept; default: `alien` in `XDG_CACHE_HOME`, or in `~/.cache`",
  },
  {
    name: 'TEMPORAL_CLI_PATH',
    of: '`alien dev`',
    description: "Temporal's binary, instead of the one that is found or installed",
  },
  {
    name: 'ALIEN_<NAME>_BINDING',
    of: 'agents, runtimes',
    description: 'where `storage("name")` or `vault("name")` is, as JSON; [bindings.md](bindings.md) has the services',
  },
  {
    name: 'ALIEN_LOCAL_BINDINGS',
    of: 'agents',
    description: '`1`: what no variable configures is a local folder or file, as in `alien dev`',
  },
  { name: 'ALIEN_DEPLOYMENT_ID', of: 'runtimes', description: 'the deployment that a function serves' },
  {
    name: 'ALIEN_RUNS_STORAGE',
    of: 'runtimes',
    description: 'the storage in which instances of a function agree on who runs what',
  },
  { name: 'ALIEN_SUBSCRIPTION', of: 'runtime of Pub/Sub', description: '`projects/PROJECT/subscriptions/NAME`' },
  { name: 'ALIEN_PUSH_AUDIENCE', of: 'runtime of Cloud Run', description: 'which audience a push must be for' },
  { name: 'ALIEN_PUSH_SERVICE_ACCOUNT', of: 'runtime of Cloud Run', description: 'as whom pushes come' },
  {
    name: 'SERVICEBUS_CONNECTION_STRING',
    of: 'runtime and sender of Service Bus',
    description: 'with a key, instead of the identity of the process',
  },
  { name: 'SERVICEBUS_NAMESPACE', of: 'runtime of Service Bus', description: 'like `acme.servicebus.windows.net`' },
  { name: 'SERVICEBUS_QUEUE', of: 'runtime of Service Bus', description: 'the queue in it' },
  { name: 'PORT', of: 'runtime of Cloud Run', description: 'to listen on; default: 8080' },
  { name: 'ALIEN_LINKS', of: 'between our processes', description: 'what `.link()` in `alien.ts` says' },
  { name: 'ALIEN_POLICY_DEFAULT', of: 'between our processes', description: 'where `alien-policy.json` is looked for' },
  { name: 'ALIEN_SDK_VERSION', of: 'built in', description: 'the version that a function was built with' },
  {
    name: 'HTTPS_PROXY',
    of: 'agents, `alien doctor`',
    description: "the customer's proxy, with `NO_PROXY` and `HTTP_PROXY`",
  },
  {
    name: 'NODE_EXTRA_CA_CERTS',
    of: 'agents, callers',
    description: 'PEM file of certificate authorities to trust as well',
  },
  {
    name: 'OTEL_EXPORTER_OTLP_ENDPOINT',
    of: 'server, worker, agent',
    description: "OpenTelemetry's own variables; [observability.md](observability.md) has those that are read",
  },
  { name: 'TEMPORAL_ADDRESS', of: 'server, worker', description: '`HOST:PORT`; default: `localhost:7233`' },
  { name: 'TEMPORAL_NAMESPACE', of: 'server, worker', description: 'default: `default`' },
  { name: 'TEMPORAL_API_KEY', of: 'server, worker', description: 'of Temporal Cloud; TLS is used with it' },
  {
    name: 'TEMPORAL_TLS',
    of: 'server, worker',
    description: '`true` for TLS without any of the next; `false` for plain text, with an API key too',
  },
  {
    name: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    of: 'server, worker',
    description:
      'the certificate by which Temporal knows us (mTLS), and `TEMPORAL_TLS_CLIENT_KEY_PATH`; `…_DATA` holds it itself',
  },
  {
    name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    of: 'server, worker',
    description: 'a private certificate authority of Temporal; `…_DATA` holds it itself',
  },
  {
    name: 'TEMPORAL_TLS_SERVER_NAME',
    of: 'server, worker',
    description: 'the name that its certificate must have, when that is not the address',
  },
  {
    name: 'TEMPORAL_PROFILE',
    of: 'server, worker',
    description: 'a profile of `TEMPORAL_CONFIG_FILE`, instead of these variables',
  },
]
