/**
 * Functions of Amazon's own Lambda, which report to this machine: with `ALIEN_TEST_LAMBDA_ROLE_ARN`, the role that they
 * have, and `ALIEN_TEST_PUBLIC_URL`, an https address from which `ALIEN_TEST_PUBLIC_PORT` of this machine's loopback is
 * reached, by a tunnel for one. This process may create functions, invoke and delete them.
 *
 * The contract of the transports is not among it: its handlers show what they do in files of the machine that looks.
 */
import { DeleteFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda'
import { randomBytes } from 'node:crypto'
import { afterAll } from 'vitest'
import { lambdaZip } from '../../tests/cloud/lambda-zip.js'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { createFunction } from '../../tests/transports/lambda-road.js'
import { openVendorSide } from '../../tests/transports/vendor-side.js'
import { Closers } from '../../workers/closers.js'
import { DELIVERY_HANDLERS, LAMBDA_MODES, testLambdaDelivery } from './delivery.testsuite.js'

const closers = new Closers()
afterAll(() => closers.close())

await leg(
  'Lambda on Amazon',
  async () => {
    const Role = cloudVariable('ALIEN_TEST_LAMBDA_ROLE_ARN')
    const url = cloudVariable('ALIEN_TEST_PUBLIC_URL')
    const vendor = await openVendorSide(closers, { url, port: Number(cloudVariable('ALIEN_TEST_PUBLIC_PORT')) })
    const lambda = new LambdaClient()
    closers.add(() => lambda.destroy())
    const zip = await lambdaZip(DELIVERY_HANDLERS)
    for (const invocation of LAMBDA_MODES) {
      const name = `alien-tests-${invocation}-${randomBytes(8).toString('hex')}`
      const variables = { ALIEN_URL: url, ALIEN_DEPLOYMENT_ID: invocation }
      const functionArn = await createFunction(lambda, name, zip, variables, { Role })
      closers.add(() => lambda.send(new DeleteFunctionCommand({ FunctionName: name })))
      await vendor.createDeployment(invocation, { kind: 'lambda', functionArn, invocation })
    }
    return vendor
  },
  ({ client }) => testLambdaDelivery(client),
)
