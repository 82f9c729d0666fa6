/** What pushing needs, of `alien server` and `alien worker` alike. */
import { Option } from 'commander'
import { CommandError } from '../protocol/errors.js'

export const publicUrlOption = (): Option =>
  new Option(
    '--public-url <url>',
    'where functions that commands are pushed to reach the control plane (default: its own address, on loopback)',
  )
    .env('ALIEN_PUBLIC_URL')
    .argParser(parsePublicUrl)

/** @throws {CommandError} `invalid_request` */
function parsePublicUrl(text: string): string {
  if (URL.canParse(text)) {
    const { protocol, search, hash } = new URL(text)
    if ((protocol === 'https:' || protocol === 'http:') && search === '' && hash === '') return text
  }
  throw new CommandError('invalid_request', `public url "${text}" must be like https://alien.example.com`)
}

export const databaseUrlOption = (description: string): Option =>
  new Option('--database-url <url>', description).env('DATABASE_URL')

export const sealingKeysOption = (): Option =>
  new Option(
    '--sealing-keys <keys>',
    "for agents' task tokens and response tokens: base64 of 32 bytes each, comma-separated, the first seals (default: made once, kept in the registry)",
  ).env('ALIEN_SEALING_KEYS')
