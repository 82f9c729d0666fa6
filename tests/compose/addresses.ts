/**
 * Where services are when there are no containers: each has an address of loopback to itself, on which its ports are
 * those of the compose file, and its files are where the volumes and secrets of the compose file come from.
 */
import { join, resolve } from 'node:path'
import type { ComposeFile, Service } from './compose-file.js'

/** For one topology; two have different ones, so that they can run side by side. */
export const newNetwork = (): string => `127.${64 + chance(128)}.${1 + chance(250)}`

const chance = (below: number): number => Math.floor(Math.random() * below)

/** Of the service, in `network` (`127.80.3`). Stays the same as long as the compose file's order does. */
export function addressOf(network: string, services: ComposeFile['services'], name: string): string {
  const index = Object.keys(services).indexOf(name)
  if (index === -1) throw new Error(`${name} is no service of the compose file`)
  return `${network}.${index + 2}`
}

/** Variables whose whole value is a host. */
const HOSTS = new Set(['POSTGRES_SEEDS', 'SQL_HOST'])

export interface Placement {
  readonly compose: ComposeFile
  readonly network: string
  /** For volumes. */
  readonly folder: string
  /** What runs: the service, or another instance of it. */
  readonly instance: string
  /** Its address. */
  readonly own: string
  /** Where Temporal's development server is, which can be on 127.0.0.1 only: `127.0.0.1:41233`. */
  readonly devServer: string | undefined
}

/** The service with addresses and paths of this machine. */
export function placed(service: Service, placement: Placement): Service {
  const { compose, network, own, devServer } = placement
  const names = Object.keys(compose.services).join('|')
  const host = new RegExp(`(?<![\\w.-])(${names})(?=:\\d)`, 'g')
  const here = (text: string): string =>
    text
      .replace(/^temporal:7233$/, devServer ?? '$&')
      .replace(host, (found) => addressOf(network, compose.services, found))
      .replace(/(?<![\d.])(0\.0\.0\.0|127\.0\.0\.1)(?![\d.])(?!:\d+$)/g, own)
  const paths = pathsOf(service, placement)
  const value = (text: string): string => here(inPaths(text, paths))
  const { healthcheck } = service
  return {
    ...service,
    entrypoint: service.entrypoint.map(value),
    command: service.command.map(value),
    environment: Object.fromEntries(
      Object.entries(service.environment).map(([key, text]) => [
        key,
        HOSTS.has(key) ? addressOf(network, compose.services, text) : value(text),
      ]),
    ),
    healthcheck: healthcheck && { ...healthcheck, test: ['CMD', ...healthcheck.test.slice(1).map(value)] },
  }
}

/** Of the container, and of this machine. */
type Paths = readonly (readonly [string, string])[]

function pathsOf(service: Service, { compose, folder, instance }: Placement): Paths {
  const volumes = service.volumes.map((volume) => {
    const [source = '', target = ''] = volume.split(':')
    return [target, source.includes('/') ? resolve(source) : join(folder, 'volumes', instance)] as const
  })
  const secrets = service.secrets.map((name) => {
    const file = compose.secrets[name]?.file
    if (file === undefined) throw new Error(`there is no secret ${name} in the compose file`)
    return [`/run/secrets/${name}`, resolve(file)] as const
  })
  // What the images of this repository have in them.
  return [...volumes, ...secrets, ['/app', resolve('.')]]
}

const inPaths = (text: string, paths: Paths): string => {
  const found = paths.find(([target]) => text === target || text.startsWith(`${target}/`))
  return found === undefined ? text : found[1] + text.slice(found[0].length)
}
