/** Chance that can be had again: the same seed gives the same faults at the same moments, as far as machines are exact. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, and without, 1: mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = this.#state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(least: number, greatest: number): number {
    return least + this.next() * (greatest - least)
  }

  oneOf<T>(first: T, second: T): T {
    return this.next() < 0.5 ? first : second
  }
}
