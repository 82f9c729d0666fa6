/** The commands that run in the customer's environment. */
import { command } from '@alienplatform/sdk'
import { aggregate, fetchData, migrate } from './warehouse.js'

command('generate-report', async ({ startDate, endDate }) => {
  const data = await fetchData(startDate, endDate)
  return { report: aggregate(data), rowCount: data.length }
})

command('run-migration', async ({ version }) => {
  await migrate(version)
  return { status: 'completed' }
})
