import * as alien from '@alienplatform/sdk'

const agent = new alien.Function('agent')
  .code({ type: 'source', src: './', toolchain: { type: 'typescript' } })
  .commandsEnabled(true)
  .build()

export default new alien.Stack('quickstart').add(agent).build()
