/** What Lambda says of a function that it did not run, with a status by which it might have: 408, 409, 502. */
import type { Verdict } from '../sdk-error.js'

const UNSTARTABLE = [
  'CodeArtifactUserDeletedException',
  'CodeArtifactUserFailedException',
  'EC2AccessDeniedException',
  'EFSMountFailureException',
  'InvalidRuntimeException',
  'InvalidSecurityGroupIDException',
  'InvalidSubnetIDException',
  'InvalidZipFileException',
  'KMSAccessDeniedException',
  'KMSDisabledException',
  'KMSInvalidStateException',
  'KMSNotFoundException',
  'S3FilesMountFailureException',
]

/** Of the network and the disks that it is to have; they may be there the next time. */
const NOT_YET = [
  'EC2ThrottledException',
  'EC2UnexpectedException',
  'EFSMountConnectivityException',
  'EFSMountTimeoutException',
  'ENILimitReachedException',
  'ENINotReadyException',
  'ResourceNotReadyException',
  'S3FilesMountConnectivityException',
  'S3FilesMountTimeoutException',
  'SnapStartTimeoutException',
  'SubnetIPAddressLimitReachedException',
]

export const LAMBDA_VERDICTS: Readonly<Record<string, Verdict>> = Object.fromEntries([
  ...UNSTARTABLE.map((name) => [name, 'unstartable'] as const),
  ...NOT_YET.map((name) => [name, 'busy'] as const),
])
