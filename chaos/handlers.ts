/** The commands of the agents under fire. */
import { command, type CommandContext } from '@alienplatform/sdk'
import { randomUUID } from 'node:crypto'
import { appendFile, stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { migrate } from '../tests/fixtures/migrate.js'
import { gateOf, leaveEffect } from './effects.js'

/** Has its effect, and returns once its gate is open. */
async function work({ file }: { file: string }, { signal }: CommandContext): Promise<string> {
  const token = randomUUID()
  await leaveEffect(file, 'entered', token)
  while (!(await stat(gateOf(file)).catch(() => undefined))) {
    if (signal.aborted) {
      await leaveEffect(file, 'stopped', token)
      throw signal.reason
    }
    await delay(20)
  }
  await leaveEffect(file, 'returned', token)
  return token
}

command('work', work)
command('work-once', { atMostOnce: true }, work)

/** Says in which order it was run. */
command('note', ({ file, line }: { file: string; line: number }) => appendFile(file, `${line}\n`))

/** One step after the other, each of which leaves a line; goes on where the attempt before was. */
command('migrate', migrate)

/** Whom to strike. */
command('pid', () => process.pid)
