import { expect, test } from 'vitest'
import { openRegistry } from './open-registry.js'

// Nothing listens on port 1.
const REFUSED = 'connect ECONNREFUSED 127.0.0.1:1'
const addresses: [url: string, shown: string][] = [
  ['postgres://127.0.0.1:1/db', 'postgres://127.0.0.1:1/db'],
  ['postgresql://ann@127.0.0.1:1/db', 'postgresql://ann@127.0.0.1:1/db'],
  ['postgres://ann:s3cret@127.0.0.1:1/db', 'postgres://ann@127.0.0.1:1/db'],
  ['postgres://ann:s3:c%2Fr@et@127.0.0.1:1/db', 'postgres://ann@127.0.0.1:1/db'],
  ['postgres://ann@127.0.0.1:1/db?password=s3cret', 'postgres://ann@127.0.0.1:1/db'],
]

test.each(addresses)('an error about %s names it as %s', async (url, shown) => {
  await expect(openRegistry({ url })).rejects.toMatchObject({
    code: 'unavailable',
    message: `cannot reach the registry at ${shown}: ${REFUSED}`,
  })
})

test('an error tells why when the host has several addresses', async () => {
  await expect(openRegistry({ url: 'postgres://localhost:1/db' })).rejects.toMatchObject({
    message: expect.stringMatching(
      /^cannot reach the registry at postgres:..localhost:1.db: connect ECONNREFUSED/,
    ) as string,
  })
})

test('a url that cannot be parsed is not told in full', async () => {
  await expect(openRegistry({ url: 'postgres://ann:s3cret@127.0.0.1:port/db' })).rejects.toMatchObject({
    code: 'unavailable',
    message: 'cannot reach the registry at postgres://ann@127.0.0.1:port/db: Invalid URL',
  })
})

test.each(['mysql://ann:s3cret@127.0.0.1/db', '127.0.0.1', ''])('refuses the url %j', async (url) => {
  await expect(openRegistry({ url })).rejects.toMatchObject({
    code: 'invalid_request',
    message: 'the registry url must start with "postgres://"',
  })
})

test('needs either a url or a file', async () => {
  for (const options of [{}, { url: 'postgres://127.0.0.1/x', file: 'x.db' }]) {
    await expect(openRegistry(options)).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'the registry needs the url of a PostgreSQL database or a file, and not both',
    })
  }
})
