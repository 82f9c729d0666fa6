/** The versions of the schema, in their order, and the steps to each. A step is done wholly or not at all. */

export interface Step {
  readonly name: string
  readonly sql: string
  /** Runs `sql` for so many rows of a table at a time, with their ids as `$1`. */
  readonly batch?: { readonly table: string; readonly rows: number }
}

export interface Migration {
  readonly version: string
  readonly steps: readonly Step[]
}

const batch = { table: 'users', rows: 100 }

export const MIGRATIONS: readonly Migration[] = [
  {
    version: '41',
    steps: [
      { name: 'add the column "domain"', sql: 'alter table users add column domain text' },
      { name: 'fill it', batch, sql: `update users set domain = split_part(email, '@', 2) where id = any($1)` },
      { name: 'index it', sql: 'create index users_domain on users (domain)' },
    ],
  },
  {
    version: '42',
    steps: [
      { name: 'make room in "balance"', sql: 'alter table users alter column balance type bigint' },
      // Wrong when it is done twice to one row.
      {
        name: 'from cents to tenths of a cent',
        batch,
        sql: 'update users set balance = balance * 10 where id = any($1)',
      },
    ],
  },
]
