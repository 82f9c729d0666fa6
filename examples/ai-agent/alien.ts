import * as alien from '@alienplatform/sdk'

const agent = new alien.Function('agent')
  .code({ type: 'source', src: './customer', toolchain: { type: 'typescript' } })
  .commandsEnabled(true)
  .link(alien.storage('workspace'))
  .build()

export default new alien.Stack('ai-agent').add(agent).build()
