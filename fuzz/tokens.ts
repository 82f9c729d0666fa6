/** Sealed tokens: none opens that was not sealed for this deployment, and none of those that were is lost. */
import fc from 'fast-check'
import { TaskTokenSeal } from '../gateway/task-token.js'
import type { Fuzzer } from './fuzzer.js'

const [OWN, OTHER] = ['dep_evil', 'dep_acme']
const seal = new TaskTokenSeal([Buffer.alloc(32, 7), Buffer.alloc(32, 8)])
const older = new TaskTokenSeal([Buffer.alloc(32, 8)])
const stranger = new TaskTokenSeal([Buffer.alloc(32, 9)])
const TASK = Buffer.from('a task')
const FAR = Date.now() + 1e10

/** The only ones that open. */
const genuine = [seal.seal(TASK, OWN, FAR), older.seal(TASK, OWN, FAR)] as const
/** Sealed in earnest, and good for nothing here. */
const useless = [
  seal.seal(TASK, OTHER, FAR),
  stranger.seal(TASK, OWN, FAR),
  seal.seal(TASK, OWN, Date.now() - 1),
  seal.seal(TASK, OWN, Number.NaN),
  seal.seal(TASK, `${OWN}\0`, FAR),
  seal.seal(new Uint8Array(), OTHER, FAR),
]

const all = fc.constantFrom<Buffer>(...genuine, ...useless)

const flipped = fc
  .tuple(all, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }))
  .map(([token, flips]) => {
    const copy = Buffer.from(token)
    for (const [position, mask] of flips) {
      const at = position % copy.length
      copy[at] = (copy[at] ?? 0) ^ mask
    }
    return copy
  })

const spliced = fc
  .tuple(all, all, fc.nat(), fc.nat())
  .map(([one, other, head, tail]) =>
    Buffer.concat([one.subarray(0, head % (one.length + 1)), other.subarray(tail % (other.length + 1))]),
  )

const headed = fc
  .tuple(all, fc.uint8Array({ maxLength: 120 }))
  .map(([token, noise]) => Buffer.concat([token.subarray(0, 5), noise]))

export const TOKEN_FUZZER: Fuzzer = {
  name: 'task-token',
  inputs: fc.oneof(flipped, spliced, headed, all, fc.uint8Array({ maxLength: 120 })),
  check: (input) => {
    const opened = seal.open(input, OWN)
    const isGenuine = genuine.some((token) => token.equals(input))
    if (isGenuine && !(opened && TASK.equals(opened))) throw new Error('a genuine token does not open')
    if (!isGenuine && opened !== undefined) throw new Error('accepted: a forged token opens')
  },
}
