/** What the vendor may do with the customer's database. */
import { command } from '@alienplatform/sdk'
import { z } from 'zod'
import { migrate } from './migrate.js'
import { inTransaction } from './warehouse.js'

interface User {
  readonly id: number
  readonly name: string
  readonly email: string
}

command(
  'get-users',
  {
    description: 'Users with a status, by id.',
    readOnly: true,
    params: z.strictObject({ status: z.string(), limit: z.int().min(1).max(1_000).default(100) }),
  },
  async ({ status, limit }, context) => {
    const rows = await inTransaction('read only', context, (query) =>
      query<User>('select id, name, email from users where status = $1 order by id limit $2', [status, limit]),
    )
    return { rows, count: rows.length }
  },
)

command(
  'run-migration',
  {
    description: 'Brings the schema to a version, step by step. Run again, it goes on where it was.',
    params: z.strictObject({ version: z.string() }),
  },
  ({ version }, context) => migrate(version, context),
)
