import * as alien from '@alienplatform/sdk'

const agent = new alien.Function('agent')
  .code({ type: 'source', src: './customer', toolchain: { type: 'typescript' } })
  .commandsEnabled(true)
  .link(alien.vault('credentials'))
  .build()

export default new alien.Stack('data-connector').add(agent).build()
