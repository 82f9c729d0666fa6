import type { Request } from 'express'
import { isPlainObject } from '../protocol/json.js'

/** A parameter of the path, which the route's pattern has. */
export const pathParam = ({ params }: Request, name: string): string => String(params[name])

/** The fields of a JSON body, whatever they are; none when it is no object. */
export const bodyFields = ({ body }: Request): Readonly<Record<string, unknown>> => (isPlainObject(body) ? body : {})
