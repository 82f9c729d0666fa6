/** Ends a test run with one line that says it all: `N passed, N failed`. What was skipped has a line before it. */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1
      // A file that cannot be loaded has no tests to fail.
      if (module.errors().length > 0) count.failed += 1
    }
    const skipped = count.skipped + count.pending
    // After whatever the other reporters still have to say.
    process.on('exit', () => {
      if (skipped > 0) process.stdout.write(`${skipped} skipped\n`)
      process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`)
    })
  }
}
