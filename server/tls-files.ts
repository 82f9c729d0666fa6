/** A certificate and its key as files, read again when they change: certificates are renewed under running servers. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { unwatchFile, watchFile } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { CommandError } from '../protocol/errors.js'
import { certificateEnd } from './certificate-end.js'

export interface CertificateAndKey {
  readonly cert: Buffer
  readonly key: Buffer
}

/** Where both are, as PEM. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** Looked at by time, not by events: a renewal replaces files, or the link that their folder is. */
const LOOK_MS = 1_000

export class TlsFiles {
  readonly #certFile: string
  readonly #keyFile: string
  readonly #onError: (error: CommandError) => void
  #end: Date | undefined
  #stop: () => void = () => undefined

  /** @param onError a renewal that is not good; the one before it stays in use */
  constructor({ certFile, keyFile }: CertificateFiles, onError: (error: CommandError) => void) {
    this.#certFile = certFile
    this.#keyFile = keyFile
    this.#onError = onError
  }

  /** @throws {CommandError} `invalid_request` naming the files */
  async read(): Promise<CertificateAndKey> {
    try {
      const [cert, key] = await Promise.all([readFile(this.#certFile), readFile(this.#keyFile)])
      // It takes a key of another kind than the certificate's for one of a second pair.
      createSecureContext({ cert, key })
      if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
        throw new Error('the key is not the key of the certificate')
      }
      this.#end = certificateEnd(cert)
      return { cert, key }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new CommandError(
        'invalid_request',
        `cannot use the certificate ${this.#certFile} with the key ${this.#keyFile}: ${reason}; give both as PEM files that belong together`,
        { cause: error },
      )
    }
  }

  /** When what is in use ends, the authorities in its file included. `undefined` before anything was read. */
  get end(): Date | undefined {
    return this.#end
  }

  onRenewed(renewed: (pair: CertificateAndKey) => void): void {
    const look = (): void => void this.read().then(renewed, this.#onError)
    const files = [this.#certFile, this.#keyFile]
    for (const file of files) watchFile(file, { interval: LOOK_MS, persistent: false }, look)
    this.#stop = () => files.forEach((file) => unwatchFile(file, look))
  }

  close(): void {
    this.#stop()
  }
}
