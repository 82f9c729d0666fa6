/** How to reach the database: a secret of the customer's, whose parts never leave. */
import { vault } from '@alienplatform/sdk'
import { z } from 'zod'
import { WarehouseError } from './warehouse-error.js'

const creds = vault('credentials')

const text = z.string().min(1)

/** Of Node's TLS options, those that a database may need. */
const tls = z.strictObject({
  ca: text.optional(),
  cert: text.optional(),
  key: text.optional(),
  passphrase: text.optional(),
  servername: text.optional(),
  rejectUnauthorized: z.boolean().optional(),
})

/**
 * What `pg` takes; either the URL, or its parts. Nothing else: a name that is misspelled would leave `pg` to its defaults,
 * which are this machine and the user of this process.
 */
const parts = z.strictObject({
  connectionString: text.optional(),
  host: text.optional(),
  port: z.int().optional(),
  user: z.string().optional(),
  password: z.string().optional(),
  database: z.string().optional(),
  ssl: z.union([z.boolean(), tls]).optional(),
})

const schema = parts.refine(({ connectionString, host }) => (connectionString ?? host) !== undefined, {
  message: 'it needs connectionString or host',
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
