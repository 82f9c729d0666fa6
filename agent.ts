/** Package entry `./agent`: serving commands from a process of one's own. Loads Temporal. */
export { connectAgent, type AgentConnectionOptions } from './workers/agent-connection.js'
export { startAgentWorker, type AgentWorkerOptions } from './workers/agent-worker.js'
export { openJournal } from './execution/journal/journal.js'
export { openAgentSession } from './workers/agent-session.js'
export { openCustomerPolicy } from './workers/customer-policy.js'
export { CommandRegistry, moduleRegistry } from './sdk/registry.js'
