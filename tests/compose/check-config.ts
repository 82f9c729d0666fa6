/** `docker compose config`, which needs no engine: by the plugin of this machine, or the one that is built for tests. */
import { execa } from 'execa'
import { join } from 'node:path'
import { DOCKER_COMPOSE, installed, SkippedLeg } from '../cloud/tools.js'

/** What came of it, in words. @throws {Error} with what the plugin says of the file */
export async function checkConfig(): Promise<string> {
  const compose = await composeCommand().catch((error: unknown) => {
    if (error instanceof SkippedLeg) return error
    throw error
  })
  if (compose instanceof SkippedLeg) return `skipped: docker compose config of docker-compose.yml: ${compose.message}`
  const [file, ...args] = compose
  const flags = ['--env-file', '.env.example', '--profile', '*', 'config', '--quiet']
  const { exitCode, stderr } = await execa(file, [...args, ...flags], { reject: false })
  // It warns of what is odd, and goes on.
  if (exitCode !== 0 || stderr !== '') throw new Error(`docker compose config: ${stderr}`)
  return 'docker compose config takes docker-compose.yml'
}

async function composeCommand(): Promise<[string, ...string[]]> {
  const { exitCode } = await execa('docker', ['compose', 'version'], { reject: false })
  if (exitCode === 0) return ['docker', 'compose']
  return [join(await installed(DOCKER_COMPOSE), 'bin', 'docker-compose')]
}
