import { defineConfig } from 'vitest/config'

const legs = (name: string) => ({ extends: true as const, test: { name, include: [`${name}/**/*.leg.ts`] } })

/** `npm run test:bindings` and `npm run test:transports`: contracts against real servers, and clouds. */
export default defineConfig({
  test: {
    pool: 'forks',
    // The first leg installs what the next ones use.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './scripts/legs-reporter.js'],
    projects: [legs('bindings'), legs('transports')],
  },
})
