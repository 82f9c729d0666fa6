import type { Attack } from '../attack.js'
import { CONNECTION_ATTACKS } from './connections.js'
import { CREDENTIAL_ATTACKS } from './credentials.js'
import { EVENT_ATTACKS } from './events.js'
import { FLOOD_ATTACKS } from './floods.js'
import { GUESS_ATTACKS } from './guesses.js'
import { HOARD_ATTACKS } from './hoards.js'
import { MANIFEST_ATTACKS } from './manifests.js'
import { MESSAGE_ATTACKS } from './messages.js'
import { METHOD_ATTACKS } from './methods.js'
import { POISON_ATTACKS } from './poison.js'
import { QUEUE_ATTACKS } from './queues.js'
import { SIZE_ATTACKS } from './sizes.js'
import { SMUGGLING_ATTACKS } from './smuggling.js'
import { TIMING_ATTACKS } from './timing.js'
import { TLS_ATTACKS } from './tls.js'
import { TOKEN_ATTACKS } from './tokens.js'

/** In the order they are run in. */
export const ATTACKS: readonly Attack[] = [
  ...QUEUE_ATTACKS,
  ...TOKEN_ATTACKS,
  ...CREDENTIAL_ATTACKS,
  ...EVENT_ATTACKS,
  ...MANIFEST_ATTACKS,
  ...TIMING_ATTACKS,
  ...MESSAGE_ATTACKS,
  // After those: undefended, the namespace is deleted here.
  ...METHOD_ATTACKS,
  ...POISON_ATTACKS,
  ...SMUGGLING_ATTACKS,
  ...FLOOD_ATTACKS,
  ...GUESS_ATTACKS,
  ...CONNECTION_ATTACKS,
  ...TLS_ATTACKS,
  ...SIZE_ATTACKS,
  ...HOARD_ATTACKS,
]
