/** Reading is no trouble at any depth, but writing overflows the stack in the workflow's sandbox at some thousands. */
export const MAX_JSON_DEPTH = 1_000

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** `[` and `{` differ in one bit, `]` and `}` in the same. */
const BRACE_BIT = 0x20
const OPEN = 0x7b
const CLOSE = 0x7d

/** How many lists and objects are inside each other at most, in JSON as UTF-8. */
export function jsonDepth(json: Uint8Array): number {
  let deepest = 0
  let depth = 0
  let inString = false
  for (let at = 0; at < json.length; at += 1) {
    const byte = json[at] ?? 0
    if (byte === QUOTE) inString = !inString
    else if (inString) at += byte === BACKSLASH ? 1 : 0
    else if ((byte | BRACE_BIT) === OPEN) deepest = Math.max(deepest, ++depth)
    else if ((byte | BRACE_BIT) === CLOSE) depth -= 1
  }
  return deepest
}
