/** Certificates that end when a test wants them to. Needs `openssl`. */
import { execa } from 'execa'
import { join } from 'node:path'

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
const FOR_LOOPBACK = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']

export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** `NAME.crt`, which signs itself and is its own authority, and `NAME.key` in `folder`. */
export async function selfSigned(folder: string, name: string, days: number): Promise<CertificateFiles> {
  const files = { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) }
  const out = ['-days', String(days), '-keyout', files.keyFile, '-out', files.certFile]
  await execa('openssl', ['req', '-x509', ...KEY, '-subj', `/CN=${name}`, ...FOR_LOOPBACK, ...out])
  return files
}
