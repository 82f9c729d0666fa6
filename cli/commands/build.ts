/** `alien build`: makes of a function what a cloud's platform takes. */
import { Command, Option } from 'commander'
import { BUILD_TARGETS, type BuildTarget } from '../../workers/packaging/build-target.js'

export interface BuildFlags {
  readonly target: BuildTarget
  readonly function?: string
  readonly out?: string
  readonly stateDir?: string
  readonly json?: boolean
}

const HELP = `
What it writes, into build/TARGET unless --out says otherwise:
  lambda            function.zip, whose handler is index.handler
  cloud-run         index.mjs, package.json and a Dockerfile: a service that a Pub/Sub push subscription calls
  azure-functions   index.mjs, package.json and host.json: a function that a Service Bus queue triggers
  agent             index.mjs, package.json and a Dockerfile: a container of an agent, which needs no push transport
and manifest.json, the function's commands, for "alien deployments create --manifest". The same sources give the same bytes.

Packages go into the bundle, but for the clouds' own: Lambda has Amazon's, and package.json lists those that the function's
project depends on.

Examples:
  $ alien build --target lambda
  $ alien build handlers.ts --target cloud-run --out deploy/
  $ alien build --target azure-functions --function connector`

export function buildCommand(): Command {
  return new Command('build')
    .description("make of a function what a cloud's platform takes")
    .argument('[module]', 'TypeScript or JavaScript (default: the function of ./alien.ts)')
    .addOption(new Option('--target <target>', 'for which platform').choices(BUILD_TARGETS).makeOptionMandatory())
    .option('--function <name>', 'which function, if ./alien.ts has several')
    .option('--out <folder>', 'where to write (default: build/TARGET)')
    .addOption(
      new Option('--state-dir <folder>', 'for what is only needed meanwhile (default: .alien)').env('ALIEN_STATE_DIR'),
    )
    .option('--json', 'what was written, as JSON')
    .addHelpText('after', HELP)
    .action(async (module: string | undefined, flags: BuildFlags) =>
      (await import('../run/build.js')).runBuild(module, flags),
    )
}
