/** Runs `action` so many times, one after the other: what each took. */
export async function timesMs(count: number, action: (n: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = []
  for (let n = 0; n < count; n += 1) {
    const startMs = performance.now()
    await action(n)
    times.push(performance.now() - startMs)
  }
  return times
}
