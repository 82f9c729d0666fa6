/** What `alien build` can make of a function: an entry that serves its commands, and the files that a platform wants. */
import { VERSION } from '../version.js'

export const BUILD_TARGETS = ['lambda', 'cloud-run', 'azure-functions', 'agent'] as const
export type BuildTarget = (typeof BUILD_TARGETS)[number]

/** A target's files beside the bundle, `index.mjs`. */
export interface TargetFiles {
  /** What follows the handlers' module in the bundle. */
  readonly entry: string
  /** Names and contents. */
  readonly files: Readonly<Record<string, string>>
}

const NODE_IMAGE = 'node:22-slim'

/** @param packages The clouds' own packages that the function's project has, with their versions: none is bundled */
export function targetFiles(
  target: BuildTarget,
  name: string,
  packages: Readonly<Record<string, string>>,
): TargetFiles {
  switch (target) {
    case 'lambda':
      // Its Node runtimes have Amazon's SDK.
      return {
        entry: `import { createLambdaHandler } from '@alienplatform/sdk/lambda'\nexport const handler = createLambdaHandler()\n`,
        files: {},
      }
    case 'cloud-run': {
      // Checks the tokens of the push subscription.
      const dependencies = { 'google-auth-library': '^10.0.0', ...packages }
      return {
        entry: `import { startPushServer } from '@alienplatform/sdk/cloud-run'\nstartPushServer()\n`,
        files: { 'package.json': packageJson(name, dependencies), Dockerfile: dockerfile('["node", "index.mjs"]') },
      }
    }
    case 'azure-functions': {
      const dependencies = { '@azure/functions': '^4.5.0', ...packages }
      return {
        entry: `import { registerQueueTrigger } from '@alienplatform/sdk/azure-functions'\nawait registerQueueTrigger()\n`,
        files: { 'package.json': packageJson(name, dependencies), 'host.json': hostJson() },
      }
    }
    case 'agent': {
      const dependencies = { '@alienplatform/sdk': VERSION, ...packages }
      return {
        entry: '',
        files: {
          'package.json': packageJson(name, dependencies),
          Dockerfile: dockerfile('["npx", "alien", "agent", "start", "index.mjs", "--state-dir", "/state"]'),
        },
      }
    }
  }
}

const json = (value: object): string => `${JSON.stringify(value, null, 2)}\n`

function packageJson(name: string, dependencies: Readonly<Record<string, string>>): string {
  const sorted = Object.fromEntries(Object.entries(dependencies).sort(([a], [b]) => (a < b ? -1 : 1)))
  return json({ name, private: true, type: 'module', main: 'index.mjs', dependencies: sorted })
}

const dockerfile = (command: string): string => `FROM ${NODE_IMAGE}
WORKDIR /app
COPY package.json ./
RUN npm install --omit=dev --no-audit --no-fund
COPY index.mjs ./
RUN install -d -o node /state
USER node
ENV NODE_ENV=production
CMD ${command}
`

/** The lock is renewed, and the function may run, for ten minutes: what the consumption plan has at most. */
const hostJson = (): string =>
  json({
    version: '2.0',
    functionTimeout: '00:10:00',
    extensionBundle: { id: 'Microsoft.Azure.Functions.ExtensionBundle', version: '[4.*, 5.0.0)' },
    extensions: { serviceBus: { maxAutoLockRenewalDuration: '00:10:00', maxConcurrentCalls: 16 } },
  })
