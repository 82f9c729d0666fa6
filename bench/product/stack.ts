/** The product as its users run it: embedded Temporal, control plane and vendor worker, an agent in its own process. */
import { startTestStack } from '@alienplatform/sdk/testing'
import { PRODUCT_HANDLERS } from '../programs.js'
import { serve } from '../serve.js'

await serve(async () => {
  const stack = await startTestStack({ handlers: PRODUCT_HANDLERS })
  return { ready: stack.state, close: stack.close }
})
