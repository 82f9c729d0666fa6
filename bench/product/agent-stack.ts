/** The product as in `stack.ts`, with the tools of an AI agent on a workspace. */
import { startTestStack } from '@alienplatform/sdk/testing'
import { inRepository } from '../programs.js'
import { serve } from '../serve.js'

await serve(async (settings) => {
  const { workspace } = settings as { workspace: string }
  process.env['WORKSPACE'] = workspace
  process.env['ALIEN_WORKSPACE_BINDING'] = JSON.stringify({ service: 'local', path: workspace })
  const stack = await startTestStack({ handlers: inRepository('bench', 'product', 'agent-handlers.ts') })
  return { ready: stack.state, close: stack.close }
})
