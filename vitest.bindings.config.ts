import { defineConfig } from 'vitest/config'

/** `npm run test:bindings`: the contract suites against every backend, with real servers behind those of clouds. */
export default defineConfig({
  test: {
    pool: 'forks',
    // The first leg installs what the next ones use.
    fileParallelism: false,
    include: ['bindings/**/*.leg.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default', './scripts/legs-reporter.js'],
  },
})
