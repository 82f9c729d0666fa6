/** Ends a test run with one line that says it all: `N passed, N failed`. What was skipped has lines before it. */
export default class SummaryReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const count = { passed: 0, failed: unhandledErrors.length }
    const skipped = []
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state, note } = test.result()
        if (state === 'passed' || state === 'failed') count[state] += 1
        else skipped.push(`${module.relativeModuleId}: ${test.fullName}${note ? `: ${note}` : ''}`)
      }
      // A file that cannot be loaded has no tests to fail.
      if (module.errors().length > 0) count.failed += 1
    }
    // After whatever the other reporters still have to say.
    process.on('exit', () => {
      for (const line of skipped) process.stdout.write(`skipped: ${line}\n`)
      if (skipped.length > 0) process.stdout.write(`${skipped.length} skipped\n`)
      process.stdout.write(`${count.passed} passed, ${count.failed} failed\n`)
    })
  }
}
