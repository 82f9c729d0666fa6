/** Package entry `.`: what the authors of handlers and of `alien.ts` import. Loads nothing of Temporal. */
export { command } from './command.js'
export type { CommandDefinition, CommandOptions, Handler } from './command.js'
export type { CommandContext, CommandLog } from './context.js'
export { CommandError } from '../protocol/errors.js'
export type { ErrorCode } from '../protocol/errors.js'
