/** How to reach the database: a secret of the customer's, whose parts never leave. */
import { vault } from '@alienplatform/sdk'
import { z } from 'zod'
import { WarehouseError } from './warehouse-error.js'

const creds = vault('credentials')

/** What `pg` takes; either the URL, or its parts. */
const schema = z.object({
  connectionString: z.string().optional(),
  host: z.string().optional(),
  port: z.int().optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  database: z.string().optional(),
  ssl: z.union([z.boolean(), z.object({ ca: z.string().optional() })]).optional(),
})

export type Credentials = z.infer<typeof schema>

/**
 * From the vault, which remembers them for a while: a rotation is seen within that.
 *
 * @throws {BindingError} when there are none, or they are not JSON
 * @throws {WarehouseError} `invalid_credentials`
 */
export async function readCredentials(): Promise<Credentials> {
  const parsed = schema.safeParse(await creds.getJson('warehouse'))
  if (parsed.success) return parsed.data
  // zod names fields and what it expected there, not what it found.
  const problems = parsed.error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; ')
  throw new WarehouseError(
    'invalid_credentials',
    `secret "warehouse" in vault "credentials" does not say where a database is: ${problems}`,
  )
}
