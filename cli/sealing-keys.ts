import { CommandError } from '../protocol/errors.js'

const KEY_BYTES = 32

/** @throws {CommandError} `invalid_request`, without the keys */
export function parseSealingKeys(text: string): [Buffer, ...Buffer[]] {
  const keys = text.split(',').map((key) => Buffer.from(key.trim(), 'base64'))
  const bad = keys.findIndex(({ length }) => length !== KEY_BYTES)
  if (bad === -1) return keys as [Buffer, ...Buffer[]]
  throw new CommandError(
    'invalid_request',
    `sealing key ${bad + 1} has ${keys[bad]?.length ?? 0} bytes, it must have ${KEY_BYTES} in base64, as openssl rand -base64 32 gives`,
  )
}
