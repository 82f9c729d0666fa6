import * as z from 'zod'
import { nearest, nearestHint } from './suggest.js'

/** An object with these keys and no others; of one that it does not know it tells the nearest that it does. */
export const strictObject = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue.keys, Object.keys(shape)) : undefined),
  })

function unknownKeys(keys: readonly string[], known: readonly string[]): string {
  const near = [...new Set(keys.flatMap((key) => nearest(key, known, 1)))]
  const hint = near.length === 0 ? '' : `; ${nearestHint(near)}`
  return `Unrecognized key${keys.length === 1 ? '' : 's'}: ${keys.map((key) => JSON.stringify(key)).join(', ')}${hint}`
}
