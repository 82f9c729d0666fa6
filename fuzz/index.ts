import { ENVELOPE_FUZZER } from './envelopes.js'
import { EVENTS_FUZZER } from './events.js'
import { FRAME_FUZZERS } from './frames.js'
import type { Fuzzer } from './fuzzer.js'
import { INVOCATION_FUZZER } from './invocations.js'
import { MANIFEST_FUZZER } from './manifest.js'
import { POLICY_FILE_FUZZER } from './policy-file.js'
import { REDACTION_FUZZER } from './redaction.js'
import { REQUEST_FUZZERS } from './requests.js'
import { STORAGE_KEY_FUZZER } from './storage-keys.js'
import { STORAGE_RACE_FUZZER } from './storage-races.js'
import { TOKEN_FUZZER } from './tokens.js'

export const FUZZERS: readonly Fuzzer[] = [
  TOKEN_FUZZER,
  ...FRAME_FUZZERS,
  ...REQUEST_FUZZERS,
  MANIFEST_FUZZER,
  EVENTS_FUZZER,
  ENVELOPE_FUZZER,
  INVOCATION_FUZZER,
  POLICY_FILE_FUZZER,
  STORAGE_KEY_FUZZER,
  ...(process.platform === 'linux' ? [STORAGE_RACE_FUZZER] : []),
  REDACTION_FUZZER,
]
