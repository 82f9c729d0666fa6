import { readFile } from 'node:fs/promises'

export type User = { readonly uid: number; readonly gid: number } | undefined

/** `nobody` on every Linux; used when root starts the tests and there is no `postgres` user. */
const NOBODY = { uid: 65_534, gid: 65_534 }

/** PostgreSQL refuses to run as root: then, who it runs as. */
export async function unprivilegedUser(): Promise<User> {
  if (process.getuid?.() !== 0) return undefined
  const postgres = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'utf8'))
  return postgres ? { uid: Number(postgres[1]), gid: Number(postgres[2]) } : NOBODY
}
