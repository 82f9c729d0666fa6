/** What the topology serves TLS with: a certificate authority of its own, gone with its folder. */
import { execa } from 'execa'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const DAYS = ['-days', '2']
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']

/** `ca.crt`, `tls.crt` and `tls.key` in `folder`, for one address. Needs `openssl`. */
export async function makeCertificates(folder: string, address: string): Promise<void> {
  const openssl = (...args: string[]) => execa('openssl', args, { cwd: folder })
  await openssl('req', '-x509', ...NEW_KEY, ...DAYS, '-subj', '/CN=topology', '-keyout', 'ca.key', '-out', 'ca.crt')
  await openssl('req', ...NEW_KEY, '-subj', '/CN=control-plane', '-keyout', 'tls.key', '-out', 'tls.csr')
  await writeFile(join(folder, 'names'), `subjectAltName=IP:${address},DNS:control-plane\n`)
  const ca = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial']
  await openssl('x509', '-req', '-in', 'tls.csr', ...ca, ...DAYS, '-extfile', 'names', '-out', 'tls.crt')
}
