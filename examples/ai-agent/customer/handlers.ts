/** The tools of the AI agent: all that it can do in the customer's environment. */
import { command, storage } from '@alienplatform/sdk'
import { readdir } from 'node:fs/promises'
import { z } from 'zod'
import { runShell } from './shell.js'
import { directoryIn } from './workspace.js'

/** The folder of `storage("workspace")`, for what needs a folder and not objects. */
const WORKSPACE = process.env['WORKSPACE'] ?? '/workspace'

const ws = storage('workspace')

/** What the storage itself keeps beside the files. */
const RESERVED = '.alien'

command(
  'read-file',
  {
    description: 'Reads a file of the workspace: a text as it is, anything else as { "$bytes": base64 }.',
    readOnly: true,
    params: z.strictObject({ path: z.string() }),
  },
  ({ path }) => ws.get(path),
)

command(
  'write-file',
  {
    description: 'Writes a text file of the workspace, as a whole; makes its folders.',
    params: z.strictObject({ path: z.string(), content: z.string() }),
  },
  ({ path, content }) => ws.put(path, content),
)

command(
  'list-files',
  {
    description: 'Lists a directory of the workspace; names of directories end in "/".',
    readOnly: true,
    params: z.strictObject({ directory: z.string().default('.') }),
    result: z.array(z.string()),
  },
  async ({ directory }) => {
    const entries = await readdir(await directoryIn(WORKSPACE, directory), { withFileTypes: true })
    return entries
      .filter(({ name }) => name !== RESERVED)
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort()
  },
)

command(
  'run',
  {
    description:
      'Runs a shell script in the workspace and gives its exit code and the end of its output; each line is logged as it comes. What it leaves running is ended.',
    // Nobody knows what a script does when it is run again from its beginning.
    atMostOnce: true,
    params: z.strictObject({
      script: z.string().min(1).max(10_000),
      directory: z.string().default('.'),
      timeLimitMs: z.int().min(100).max(600_000).default(60_000),
    }),
  },
  async ({ script, directory, timeLimitMs }, { signal, log }) =>
    runShell(script, {
      cwd: await directoryIn(WORKSPACE, directory),
      timeLimitMs,
      signal,
      onLine: (line) => log.info(line),
    }),
)
