import { RawValue } from '@temporalio/common'

const JSON_ENCODING = Buffer.from('json/plain')

/** JSON text as Temporal's payload, without encoding it a second time. */
export const jsonPayload = (text: string): RawValue =>
  RawValue.fromPayload({ metadata: { encoding: JSON_ENCODING }, data: Buffer.from(text) })
