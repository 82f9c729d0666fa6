import { configDefaults, defineConfig } from 'vitest/config'

const exclude = [...configDefaults.exclude, 'dist/**', '**/.alien/**']

export default defineConfig({
  test: {
    // Temporal's native core, processes and signals: each file has a process of its own.
    pool: 'forks',
    maxWorkers: 2,
    // Bounds for a machine that is busy with other things; a test that hangs is found all the same.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000 } },
    // What tests import of the package is what was built: Node loads it as its users' Node does.
    server: { deps: { external: [/\/dist\//] } },
    reporters: ['default', './scripts/summary-reporter.js'],
    projects: [
      {
        extends: true,
        test: { name: 'suite', include: ['**/*.test.ts'], exclude: [...exclude, '**/*.alone.test.ts'] },
      },
      // What measures time runs afterwards, with the machine to itself.
      {
        extends: true,
        test: { name: 'alone', include: ['**/*.alone.test.ts'], exclude, maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
    ],
  },
})
