/** What a binding may be: one JSON object with a `service`, in `ALIEN_<NAME>_BINDING` or in `alien.ts`. */
import * as z from 'zod'

const text = z.string().min(1)
/** Relative paths start at the working directory; an agent's, where `alien` is called: see `agentEnvironment`. */
const path = text
const endpoint = z.url({ protocol: /^https?$/ }).optional()

const memory = z.strictObject({ service: z.literal('memory') })

export const storageBinding = z.discriminatedUnion('service', [
  z.strictObject({ service: z.literal('local'), path }),
  memory,
  z.strictObject({
    service: z.literal('s3'),
    bucket: text,
    region: text.optional(),
    endpoint,
    forcePathStyle: z.boolean().optional(),
  }),
  z.strictObject({ service: z.literal('gcs'), bucket: text, projectId: text.optional(), endpoint }),
  z.strictObject({
    service: z.literal('azure-blob'),
    accountUrl: z.url({ protocol: /^https?$/ }),
    container: text,
    accountKey: text.optional(),
  }),
])

/** How long a value is kept in memory, and so how late a rotation may be seen. 0 asks each time. */
const cacheTtlMs = z.int().min(0).max(3_600_000).default(30_000)

const awsVault = { region: text.optional(), endpoint, cacheTtlMs }

export const vaultBinding = z.discriminatedUnion('service', [
  z
    .strictObject({
      service: z.literal('local'),
      path,
      /** Default: the path and `.key`. Made by the first `set`. */
      keyFile: path.optional(),
      /** The entry of the operating system's keyring with the key, in the place of a key file. Made by the first `set`. */
      keyring: text.optional(),
      /** The variable with a passphrase, in the place of a key file. */
      passphraseVariable: text.optional(),
      cacheTtlMs,
    })
    .refine(
      ({ keyFile, keyring, passphraseVariable }) =>
        [keyFile, keyring, passphraseVariable].filter((key) => key !== undefined).length <= 1,
      { message: 'keyFile, keyring and passphraseVariable exclude each other; give one' },
    ),
  memory,
  /** Variables of the agent's process: the prefix and the key. */
  z.strictObject({ service: z.literal('env'), prefix: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/) }),
  z.strictObject({
    service: z.literal('aws-secrets-manager'),
    prefix: z
      .string()
      .regex(/^[\w/+=.@-]*$/)
      .default(''),
    ...awsVault,
  }),
  z.strictObject({
    service: z.literal('aws-ssm'),
    prefix: z
      .string()
      .regex(/^\/([\w.-]+\/)*$/)
      .default('/'),
    ...awsVault,
  }),
  z.strictObject({
    service: z.literal('gcp-secret-manager'),
    projectId: text,
    prefix: z
      .string()
      .regex(/^[\w-]*$/)
      .default(''),
    endpoint,
    cacheTtlMs,
  }),
  z.strictObject({ service: z.literal('azure-key-vault'), vaultUrl: z.url({ protocol: /^https$/ }), cacheTtlMs }),
  z.strictObject({ service: z.literal('kubernetes'), path, cacheTtlMs }),
])

/** As they are written. */
export type StorageBinding = z.input<typeof storageBinding>
export type VaultBinding = z.input<typeof vaultBinding>
