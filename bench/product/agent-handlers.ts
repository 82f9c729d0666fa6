/** The bench's command and the tools of the example of an AI agent, in one agent. */
import './handlers.js'
import '../../examples/ai-agent/customer/handlers.js'
