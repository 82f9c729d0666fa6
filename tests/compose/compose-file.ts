/** `docker-compose.yml` as Compose reads it, as far as running its services takes: `docker compose config` checks all of it. */
import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'
import { z } from 'zod'
import { parseDuration } from '../../protocol/duration.js'

export const COMPOSE_FILE = 'docker-compose.yml'

/** What `${NAME}` stands for. */
export type Variables = Readonly<Record<string, string | undefined>>

const duration = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== undefined) return ms
  context.addIssue(`"${text}" is no duration`)
  return z.NEVER
})

const serviceSchema = z.object({
  image: z.string(),
  profiles: z.array(z.string()).default([]),
  entrypoint: z.array(z.string()).default([]),
  command: z.array(z.string()).default([]),
  environment: z.record(z.string(), z.string()).default({}),
  depends_on: z
    .record(z.string(), z.object({ condition: z.enum(['service_healthy', 'service_completed_successfully']) }))
    .default({}),
  healthcheck: z
    .object({
      test: z.tuple([z.literal('CMD')], z.string()),
      interval: duration,
      timeout: duration,
      retries: z.number(),
      start_period: duration,
    })
    .optional(),
  /** `SOURCE:TARGET` or `SOURCE:TARGET:ro`; a source with a `/` is a path, any other a volume. */
  volumes: z.array(z.string()).default([]),
  secrets: z.array(z.string()).default([]),
  ports: z.array(z.string()).default([]),
  networks: z.array(z.string()),
  stop_signal: z.enum(['SIGTERM', 'SIGINT']).default('SIGTERM'),
  stop_grace_period: duration.default(10_000),
  deploy: z.object({ resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string() }) }) }),
})

const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  secrets: z.record(z.string(), z.object({ file: z.string() })),
  networks: z.record(z.string(), z.object({ internal: z.boolean().optional() }).nullable()),
})

export type Service = z.output<typeof serviceSchema>
export type ComposeFile = z.output<typeof composeSchema>

/** @throws {Error} naming the variables without a value, or what it cannot be */
export async function readCompose(variables: Variables, file = COMPOSE_FILE): Promise<ComposeFile> {
  const missing: string[] = []
  const read: unknown = parse(await readFile(file, 'utf8'), { merge: true })
  const compose = composeSchema.parse(interpolated(read, variables, missing))
  if (missing.length === 0) return compose
  throw new Error(`${file}: no value for ${[...new Set(missing)].join(', ')}`)
}

function interpolated(value: unknown, variables: Variables, missing: string[]): unknown {
  if (typeof value === 'string') return withVariables(value, variables, missing)
  if (Array.isArray(value)) return value.map((item) => interpolated(item, variables, missing))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, interpolated(item, variables, missing)] as const),
  )
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?what to do}`, in which an empty value is none. */
const withVariables = (text: string, variables: Variables, missing: string[]): string =>
  text.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_all, name: string, operator?: string, otherwise = '') => {
    const value = variables[name]
    if (value) return value
    if (operator === '?') missing.push(name)
    return operator === '-' ? otherwise : ''
  })

/** Names in an order in which each comes after those that it depends on. */
export function startOrder(services: ComposeFile['services']): string[] {
  const order = new Set<string>()
  const add = (name: string): void => {
    for (const dependency of Object.keys(services[name]?.depends_on ?? {})) add(dependency)
    order.add(name)
  }
  Object.keys(services).forEach(add)
  return [...order]
}
