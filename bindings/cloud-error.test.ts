import { describe, expect, test } from 'vitest'
import { BindingError } from './binding-error.js'
import { translateCloudErrors } from './cloud-error.js'

const operation = {
  where: 'object "a" in storage "ws"',
  service: 'S3',
  permission: 's3:GetObject on arn:aws:s3:::bucket/*',
}

const sdkError = (fields: object): Error => Object.assign(new Error('with what was sent: hunter2'), fields)

describe('an error of an SDK becomes one of ours, without its message', () => {
  test.each<[string, object, string, string]>([
    [
      'Amazon: denied',
      { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } },
      'access_denied',
      'S3 denies it (AccessDenied); allow s3:GetObject on arn:aws:s3:::bucket/*',
    ],
    [
      'Azure: denied',
      { statusCode: 403, code: 'AuthorizationPermissionMismatch' },
      'access_denied',
      'S3 denies it (AuthorizationPermissionMismatch); allow s3:GetObject on arn:aws:s3:::bucket/*',
    ],
    [
      "Google's gRPC: denied",
      { code: 7, name: 'Error' },
      'access_denied',
      'S3 denies it (Error); allow s3:GetObject on arn:aws:s3:::bucket/*',
    ],
    [
      'no credentials',
      { name: 'CredentialsProviderError' },
      'access_denied',
      "S3 does not accept this process's credentials, or there are none (CredentialsProviderError)",
    ],
    [
      'bad credentials',
      { code: 401, name: 'ApiError' },
      'access_denied',
      "S3 does not accept this process's credentials, or there are none (ApiError)",
    ],
    [
      'no bucket',
      { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } },
      'invalid_configuration',
      'S3 does not have what the binding names (NoSuchBucket); create it, or correct the binding',
    ],
    [
      'busy',
      { name: 'SlowDown', $metadata: { httpStatusCode: 503 } },
      'unavailable',
      'S3 failed (503 SlowDown); try again',
    ],
    ['no network', { code: 'ECONNREFUSED' }, 'unavailable', 'S3 failed (ECONNREFUSED); try again'],
  ])('%s', async (_, fields, code, problem) => {
    const cause = sdkError(fields)
    await expect(translateCloudErrors(operation, () => Promise.reject(cause))).rejects.toMatchObject({
      name: 'BindingError',
      code,
      message: `object "a" in storage "ws": ${problem}`,
      cause,
    })
  })

  test('those of ours pass', async () => {
    const ours = new BindingError('not_found', 'no')
    await expect(translateCloudErrors(operation, () => Promise.reject(ours))).rejects.toBe(ours)
  })
})
