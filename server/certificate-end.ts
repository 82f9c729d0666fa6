import { X509Certificate } from 'node:crypto'

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

/** When the first of the certificates in a PEM file ends: a chain is worth nothing once an authority in it is over. */
export function certificateEnd(pem: Buffer | Uint8Array): Date {
  const ends = [...Buffer.from(pem).toString().matchAll(CERTIFICATE)].map(([text]) =>
    Date.parse(new X509Certificate(text).validTo),
  )
  return new Date(Math.min(...ends))
}
