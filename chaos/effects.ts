/** What a handler leaves in its file, line by line, and how to read it. */
import { readFile } from 'node:fs/promises'
import { record } from '../tests/fixtures/record.js'

/**
 * - `entered`: the effect itself
 * - `stopped`: the handler ended because its signal aborted
 * - `returned`: it is about to return `token`
 */
export type Effect = 'entered' | 'stopped' | 'returned'

export interface EffectLine {
  readonly effect: Effect
  /** Of the run: what it returns, and no other run of any invocation does. */
  readonly token: string
}

export const leaveEffect = (file: string, effect: Effect, token: string): Promise<void> =>
  record(file, `${effect} ${token}`)

/** None while there is no file. */
export async function effectsIn(file: string): Promise<EffectLine[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const whole = text.split('\n').slice(0, -1)
  return whole.map((line) => {
    const [effect, token = ''] = line.split(' ')
    return { effect: effect as Effect, token }
  })
}

/** Whose existence lets the handler return. */
export const gateOf = (file: string): string => `${file}.gate`
