/** What texts of flags, variables and the configuration file may be. Messages go after the value: they say the bound. */
import { z } from 'zod'
import { parseDurationText } from '../protocol/duration.js'
import { parseFlag } from '../protocol/flag.js'
import { trustProxy } from '../protocol/trust-proxy.js'

/** @param parse `undefined` for what cannot be taken */
const text = <T>(must: string, parse: (given: string) => T | undefined) =>
  z.string().transform((given, context): T => {
    const value = parse(given)
    if (value !== undefined) return value
    context.addIssue(must)
    return z.NEVER
  })

const wholeNumber = (given: string, least: number, greatest: number): number | undefined => {
  const value = Number(given)
  return /^\d+$/.test(given) && value >= least && value <= greatest ? value : undefined
}

export const anyText = z.string()

export const port = text('must be a number from 0 (a free one) to 65535', (given) => wholeNumber(given, 0, 65_535))

const MAX_POLLS = 100_000
export const polls = text(`must be a number of polls from 1 to ${MAX_POLLS}`, (given) =>
  wholeNumber(given, 1, MAX_POLLS),
)

export const callsPerSecond = text('must be a number of calls a second up to 1000000, or 0 for no limit', (given) =>
  /^\d+(\.\d+)?$/.test(given) && Number(given) <= 1e6 ? Number(given) : undefined,
)

export const flag = text('must be true or false', parseFlag)

/** In ms. */
export const duration = (must: string, greatestMs = Infinity) =>
  text(must, (given) => {
    const ms = parseDurationText(given)
    return ms !== undefined && ms <= greatestMs ? ms : undefined
  })

export const webUrl = (like: string) =>
  text(`must be an http or https URL without user and password, like ${like}`, (given) => {
    if (!URL.canParse(given)) return undefined
    const { protocol, username, password, search, hash } = new URL(given)
    const isOfTheWeb = protocol === 'https:' || protocol === 'http:'
    return isOfTheWeb && [username, password, search, hash].every((part) => part === '') ? given : undefined
  })

export const trustedProxies = text(
  'must be how many proxies there are, or their addresses, like "10.0.0.0/8, loopback"',
  (given) => {
    try {
      trustProxy(given)
      return given
    } catch {
      return undefined
    }
  },
)

export const postgresUrl = text('must start with "postgres://"', (given) =>
  /^postgres(ql)?:\/\//.test(given) ? given : undefined,
)

export const logLevel = z.enum(['debug', 'info', 'warn', 'error', 'silent'], {
  error: 'must be debug, info, warn, error or silent',
})

const MIN_KEY_CHARACTERS = 32
export const apiKey = text(`must have at least ${MIN_KEY_CHARACTERS} characters`, (given) =>
  given.length >= MIN_KEY_CHARACTERS ? given : undefined,
)

const SEALING_KEY_BYTES = 32
export const sealingKeys = text(
  `must be keys of ${SEALING_KEY_BYTES} bytes each in base64, as openssl rand -base64 32 gives, separated by commas`,
  (given) => {
    const keys = given.split(',').map((key) => Buffer.from(key.trim(), 'base64'))
    return keys.every(({ length }) => length === SEALING_KEY_BYTES) ? (keys as [Buffer, ...Buffer[]]) : undefined
  },
)
