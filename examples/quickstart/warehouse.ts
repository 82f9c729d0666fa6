/** Stands for what the customer has: a few orders, and a schema version. */

interface Order {
  readonly date: string
  readonly amount: number
}

const ORDERS: readonly Order[] = [
  { date: '2025-01-15', amount: 120 },
  { date: '2025-02-03', amount: 80 },
  { date: '2025-03-28', amount: 200 },
  { date: '2025-06-11', amount: 45 },
]

export async function fetchData(startDate = '', endDate = '9999'): Promise<readonly Order[]> {
  return Promise.resolve(ORDERS.filter(({ date }) => date >= startDate && date <= endDate))
}

export function aggregate(orders: readonly Order[]): { total: number; from: string | null; to: string | null } {
  const dates = orders.map(({ date }) => date).sort()
  return {
    total: orders.reduce((sum, { amount }) => sum + amount, 0),
    from: dates.at(0) ?? null,
    to: dates.at(-1) ?? null,
  }
}

export async function migrate(version: string): Promise<void> {
  if (!/^\d+$/.test(version)) throw new RangeError(`version "${version}" must be a number`)
  await Promise.resolve()
}
