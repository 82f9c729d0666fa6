/** What the workflow bundle exports: each name is a workflow type. */
export { invokeCommand } from './invoke-command.js'
