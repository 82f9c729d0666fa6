/** Ends `npm run test:bindings` and `test:transports` with a line for each leg, and how many ran and were skipped. */
export default class LegsReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const lines = []
    const count = { run: 0, skipped: 0, failed: unhandledErrors.length }
    for (const module of modules) {
      if (module.errors().length > 0) count.failed += 1
      for (const leg of module.children.suites()) {
        const tests = [...leg.children.allTests()]
        const of = (state) => tests.filter((test) => test.result().state === state).length
        const [passed, failed] = [of('passed'), of('failed')]
        const reason = tests.map(({ name }) => name).find((name) => name.startsWith('skipped: '))
        count[reason === undefined ? 'run' : 'skipped'] += 1
        count.failed += failed
        const skipped = of('skipped') > 0 ? `, ${of('skipped')} skipped` : ''
        lines.push(`${leg.name}: ${reason ?? `${passed} passed, ${failed} failed${skipped}`}`)
      }
    }
    process.on('exit', () => {
      process.stdout.write(
        `${lines.join('\n')}\n${count.run} legs run, ${count.skipped} skipped, ${count.failed} failed\n`,
      )
    })
  }
}
