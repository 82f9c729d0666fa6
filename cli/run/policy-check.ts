/** Runs `alien agent policy check`. */
import type { CustomerPolicy } from '../../protocol/customer-policy.js'
import { ERROR_CODES } from '../../protocol/errors.js'
import { assertCommandName } from '../../protocol/names.js'
import { reasonText, refusalOf, type PolicyRefusal } from '../../protocol/policy-decision.js'
import { readPolicy } from '../../workers/policy-file.js'
import { locatePolicy } from '../../workers/policy-location.js'
import type { PolicyCheckFlags } from '../commands/policy.js'
import { print, printJson } from '../console.js'

/** @throws {CommandError} `invalid_request` when the file is not good or the command's name is none */
export async function checkPolicy(given: string | undefined, flags: PolicyCheckFlags): Promise<void> {
  const { file } = locatePolicy({ ALIEN_POLICY: given ?? process.env['ALIEN_POLICY'] })
  const policy = (await readPolicy({ file, required: true })) ?? {}
  const { command, json = false } = flags
  const refusal = command === undefined ? undefined : judge(policy, command, flags.readOnly ?? false)
  if (refusal !== undefined) process.exitCode = ERROR_CODES.refused.exitCode
  if (json) {
    printJson({ file, policy, ...(command === undefined ? {} : { command, allowed: !refusal, ...refusal }) })
    return
  }
  print(`${file} is good`)
  if (command !== undefined) print(verdict(command, refusal))
}

function judge(policy: CustomerPolicy, name: string, readOnly: boolean): PolicyRefusal | undefined {
  assertCommandName(name)
  return refusalOf({ kind: 'policy', policy }, { name, readOnly, paramsBytes: () => 0 })
}

function verdict(command: string, refusal: PolicyRefusal | undefined): string {
  if (refusal === undefined) return `"${command}" may run`
  return `"${command}" would be refused by rule ${refusal.rule}: ${refusal.because}${reasonText(refusal.reason)}`
}
