/** The search attributes of an invocation, as Temporal's client wants them. */
import { defineSearchAttributeKey } from '@temporalio/common'

export const DEPLOYMENT_KEY = defineSearchAttributeKey('AlienDeployment', 'KEYWORD')
export const COMMAND_KEY = defineSearchAttributeKey('AlienCommand', 'KEYWORD')
