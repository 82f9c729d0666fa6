import type { Attack } from '../attack.js'
import { CREDENTIAL_ATTACKS } from './credentials.js'
import { MESSAGE_ATTACKS } from './messages.js'
import { METHOD_ATTACKS } from './methods.js'
import { QUEUE_ATTACKS } from './queues.js'
import { TOKEN_ATTACKS } from './tokens.js'

/** In the order they are run in. */
export const ATTACKS: readonly Attack[] = [
  ...QUEUE_ATTACKS,
  ...TOKEN_ATTACKS,
  ...METHOD_ATTACKS,
  ...CREDENTIAL_ATTACKS,
  ...MESSAGE_ATTACKS,
]
