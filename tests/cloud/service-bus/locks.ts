/** Messages that a receiver has for a while: each under a token of its own, until it is settled or the time is over. */
import { randomBytes } from 'node:crypto'

export interface Lock {
  /** 16 bytes: also the delivery's tag. */
  readonly token: Buffer
  readonly untilMs: number
}

interface Held<T> {
  readonly value: T
  timer: NodeJS.Timeout
}

export class Locks<T> {
  readonly #held = new Map<string, Held<T>>()
  readonly #lockMs: number
  readonly #expired: (value: T) => void

  constructor(lockMs: number, expired: (value: T) => void) {
    this.#lockMs = lockMs
    this.#expired = expired
  }

  get values(): readonly T[] {
    return [...this.#held.values()].map(({ value }) => value)
  }

  lock(value: T): Lock {
    const token = randomBytes(16)
    this.#held.set(token.toString('hex'), { value, timer: this.#timer(token) })
    return { token, untilMs: Date.now() + this.#lockMs }
  }

  /** Until when it holds now; `undefined` when it was lost. */
  renew(token: Buffer): number | undefined {
    const held = this.#held.get(token.toString('hex'))
    if (held === undefined) return undefined
    clearTimeout(held.timer)
    held.timer = this.#timer(token)
    return Date.now() + this.#lockMs
  }

  /** What was locked; `undefined` when the lock was lost. */
  release(token: Buffer): T | undefined {
    const id = token.toString('hex')
    const held = this.#held.get(id)
    clearTimeout(held?.timer)
    this.#held.delete(id)
    return held?.value
  }

  close(): void {
    for (const { timer } of this.#held.values()) clearTimeout(timer)
    this.#held.clear()
  }

  #timer(token: Buffer): NodeJS.Timeout {
    return setTimeout(() => {
      const value = this.release(token)
      if (value !== undefined) this.#expired(value)
    }, this.#lockMs)
  }
}
