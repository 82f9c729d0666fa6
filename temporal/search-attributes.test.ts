import { Client, Connection } from '@temporalio/client'
import { defineSearchAttributeKey } from '@temporalio/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { resolveTemporalBinary } from './binary.js'
import { startDevServer, type DevServer } from './dev-server.js'
import { ensureSearchAttributes } from './search-attributes.js'

const NAMESPACE = 'default'

let server: DevServer
let connection: Connection

beforeAll(async () => {
  const { path } = await resolveTemporalBinary()
  server = await startDevServer({ binaryPath: path, searchAttributes: { Known: 'Keyword' } })
  connection = await Connection.connect({ address: server.address })
}, 600_000)

afterAll(async () => {
  await connection.close()
  await server.stop()
}, 30_000)

const startWith = (name: string) =>
  new Client({ connection }).workflow.start('nobodyRunsThis', {
    workflowId: `with-${name}`,
    taskQueue: 'nobody-polls-this',
    typedSearchAttributes: [{ key: defineSearchAttributeKey(name, 'KEYWORD'), value: 'x' }],
  })

/** The connection, with a stand-in for the operator service of a cluster that answers `code` to everything. */
const forbidding = (code: number): Pick<Connection, 'workflowService' | 'operatorService'> => {
  const forbid = (): never => {
    throw Object.assign(new Error('no'), { code, details: 'no', metadata: {} })
  }
  const operatorService = { listSearchAttributes: forbid, addSearchAttributes: forbid } as unknown
  return {
    workflowService: connection.workflowService,
    operatorService: operatorService as Connection['operatorService'],
  }
}

describe('ensureSearchAttributes', () => {
  it('adds the missing ones, and they can be used at once', async () => {
    await expect(startWith('Fresh')).rejects.toThrow()
    await ensureSearchAttributes(connection, NAMESPACE, { Known: 'Keyword', Fresh: 'Keyword' })
    await startWith('Fresh')
  })

  it('is content when called again, also at the same time', async () => {
    const attributes = { Twice: 'Keyword' } as const
    await Promise.all([1, 2, 3].map(() => ensureSearchAttributes(connection, NAMESPACE, attributes)))
    await ensureSearchAttributes(connection, NAMESPACE, attributes)
  })

  it('refuses an attribute of another type', async () => {
    const { temporal } = (await import('@temporalio/proto')).default
    const { INDEXED_VALUE_TYPE_KEYWORD_LIST } = temporal.api.enums.v1.IndexedValueType
    const searchAttributes = { Listed: INDEXED_VALUE_TYPE_KEYWORD_LIST }
    await connection.operatorService.addSearchAttributes({ namespace: NAMESPACE, searchAttributes })
    await expect(ensureSearchAttributes(connection, NAMESPACE, { Listed: 'Keyword' })).rejects.toMatchObject({
      code: 'unavailable',
      message:
        'search attribute "Listed" of namespace "default" is of type KeywordList, and Keyword is needed;' +
        ' rename the old one or use another namespace',
    })
  })

  it.each([
    ['PERMISSION_DENIED', 7],
    ['UNIMPLEMENTED', 12],
  ])('names what to create where the operator service answers %s', async (_, code) => {
    const services = forbidding(code)
    await ensureSearchAttributes(services, NAMESPACE, { Known: 'Keyword' })
    const attributes = { Known: 'Keyword', Lacking: 'Keyword', Absent: 'Keyword' } as const
    await expect(ensureSearchAttributes(services, NAMESPACE, attributes)).rejects.toMatchObject({
      code: 'unavailable',
      message:
        'namespace "default" lacks search attributes and does not let us add them; create these in the Web UI of' +
        ' Temporal Cloud, or with "temporal operator search-attribute create": Lacking (Keyword), Absent (Keyword)',
    })
  })

  it('passes other trouble on', async () => {
    await expect(ensureSearchAttributes(forbidding(14), NAMESPACE, { Known: 'Keyword' })).rejects.toThrow('no')
  })
})
