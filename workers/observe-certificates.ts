import type { Metrics } from '../observability/metrics.js'
import { certificateEnd } from '../server/certificate-end.js'
import type { TlsFiles } from '../server/tls-files.js'
import { clientCertificate, type TemporalSettings } from '../temporal/settings.js'

interface Shown {
  /** To callers and agents; it is renewed under the running process. */
  readonly tls?: TlsFiles | undefined
  /** To Temporal, as it was when the process started. */
  readonly temporal: TemporalSettings
}

/** Tells when the certificates end that this process shows to others. @returns ends that */
export function observeCertificates(metrics: Metrics, { tls, temporal }: Shown): () => void {
  const certificate = clientCertificate(temporal)
  const known = certificate && certificateEnd(certificate)
  return metrics.certificateEnd.observe((set) => {
    if (tls?.end !== undefined) set(tls.end.getTime() / 1_000, { certificate: 'server' })
    if (known !== undefined) set(known.getTime() / 1_000, { certificate: 'temporal' })
  })
}
