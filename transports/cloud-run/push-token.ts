/** The OIDC token by which a Pub/Sub push subscription says who it is. */
import type { OAuth2Client } from 'google-auth-library'
import { loadSdk } from '../../bindings/load-sdk.js'
import { CommandError } from '../../protocol/errors.js'

export interface PushTokenOptions {
  /** What the subscription's tokens are for (`--push-auth-token-audience`). Default: `ALIEN_PUSH_AUDIENCE`. */
  readonly audience?: string
  /** Whose they are (`--push-auth-service-account`). Default: `ALIEN_PUSH_SERVICE_ACCOUNT`. */
  readonly serviceAccount?: string
  /** Where Google's certificates are had. Default: Google's own address. */
  readonly certificatesUrl?: string
}

/** Rejects unless `authorization` has a token of that subscription. */
export type CheckPushToken = (authorization: string | undefined) => Promise<void>

/** @throws {CommandError} `invalid_request` saying which variable to set */
export function pushTokenCheck(options: PushTokenOptions, environment = process.env): CheckPushToken {
  const audience = required(options.audience ?? environment['ALIEN_PUSH_AUDIENCE'], 'ALIEN_PUSH_AUDIENCE')
  const account = required(
    options.serviceAccount ?? environment['ALIEN_PUSH_SERVICE_ACCOUNT'],
    'ALIEN_PUSH_SERVICE_ACCOUNT',
  )
  let client: Promise<OAuth2Client> | undefined
  return async (authorization) => {
    const idToken = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
    if (idToken === undefined) throw denied('it has none')
    client ??= newClient(options.certificatesUrl)
    const ticket = await (await client).verifyIdToken({ idToken, audience }).catch((error: unknown) => {
      // Its messages quote the token.
      throw denied('it is not good', error)
    })
    const { email, email_verified: isVerified } = ticket.getPayload() ?? {}
    if (email !== account || isVerified !== true) throw denied('it is that of another account')
  }
}

async function newClient(certificatesUrl: string | undefined): Promise<OAuth2Client> {
  const { OAuth2Client } = await loadSdk(
    'a Pub/Sub push endpoint',
    ['google-auth-library'],
    () => import('google-auth-library'),
  )
  return new OAuth2Client(
    certificatesUrl === undefined ? {} : { endpoints: { oauth2FederatedSignonPemCertsUrl: certificatesUrl } },
  )
}

function required(value: string | undefined, variable: string): string {
  if (value !== undefined && value !== '') return value
  throw new CommandError(
    'invalid_request',
    `a Pub/Sub push endpoint needs ${variable}, as in the push subscription: anybody could call it otherwise`,
  )
}

const denied = (why: string, cause?: unknown): CommandError =>
  new CommandError('unauthenticated', `the request needs the push subscription's token: ${why}`, { cause })
