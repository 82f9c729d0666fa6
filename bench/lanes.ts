/** Runs `count` pieces of work, `lanes` at a time, begun in order. Their results in the order in which they came. */
export async function inLanes<T>(count: number, lanes: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) results.push(await work(next++))
  }
  await Promise.all(Array.from({ length: Math.min(lanes, count) }, lane))
  return results
}
