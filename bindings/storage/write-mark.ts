/**
 * Tells a conditional put that was refused from one that went well, and whose answer was lost: the clouds' SDKs ask again
 * by themselves, and are then refused because of the very object that they wrote. So each such put marks its object, and
 * one that is refused looks whose mark is there.
 */
import { randomUUID } from 'node:crypto'
import type { WriteOptions } from './storage-backend.js'

/** A name in the object's metadata; Azure takes letters and digits only. */
const NAME = 'alienwrite'

export type Marked = Record<string, string>

/** What an object's metadata get; nothing for a put without a condition. */
export const newMark = ({ ifNotExists = false, ifMatch }: WriteOptions): Marked | undefined =>
  ifNotExists || ifMatch !== undefined ? { [NAME]: randomUUID() } : undefined

/** Whether metadata that were found have this mark. */
export const hasMark = (found: Readonly<Record<string, unknown>> | undefined, mark: Marked): boolean =>
  found?.[NAME] === mark[NAME]
