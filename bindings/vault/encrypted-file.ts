/**
 * The text of a local vault's file, encrypted with AES-256-GCM; names are hidden with the values. How the key came about
 * is authenticated with it, so that nobody can exchange one without the other.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import * as z from 'zod'
import { keyOrigin, type KeyOrigin } from './local-vault-key.js'

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
const TAG_BYTES = 16

const encryptedFile = z.strictObject({
  version: z.literal(2),
  key: keyOrigin,
  iv: z.base64().length(16),
  tag: z.base64().length(24),
  data: z.base64(),
})

type EncryptedFile = z.infer<typeof encryptedFile>

/** `undefined` when the text is no encrypted file of ours. */
export function parseEncrypted(text: string): EncryptedFile | undefined {
  try {
    return encryptedFile.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

export function encrypt(plain: string, key: Buffer, origin: KeyOrigin): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(authenticated(origin))
  const data = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()])
  const file: EncryptedFile = {
    version: 2,
    key: origin,
    iv: iv.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    data: data.toString('base64'),
  }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** `undefined` when the key is another one, or a bit of the file is. */
export function decrypt({ key: origin, iv, tag, data }: EncryptedFile, key: Buffer): string | undefined {
  const decipher = createDecipheriv(CIPHER, key, Buffer.from(iv, 'base64'), { authTagLength: TAG_BYTES })
    .setAAD(authenticated(origin))
    .setAuthTag(Buffer.from(tag, 'base64'))
  try {
    return Buffer.concat([decipher.update(Buffer.from(data, 'base64')), decipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

const authenticated = (origin: KeyOrigin): Buffer =>
  Buffer.from(`alien vault 2 ${origin.from} ${origin.from === 'passphrase' ? origin.salt : ''}`)
