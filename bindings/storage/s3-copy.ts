/** Copies within a bucket: at once, and what S3 does not copy at once part by part, which nobody sees before the last. */
import type * as S3Sdk from '@aws-sdk/client-s3'
import type { CompletedPart, S3Client } from '@aws-sdk/client-s3'

export interface CopyLimits {
  readonly atOnceBytes: number
  readonly partBytes: number
}

/** The first is Amazon's. The greatest object, of 5 TB, has 5,000 parts, and 10,000 are allowed. */
const LIMITS: CopyLimits = { atOnceBytes: 5 * 1024 ** 3, partBytes: 1024 ** 3 }

export interface Copy {
  readonly bucket: string
  readonly from: string
  readonly to: string
  /** Of the source: exactly this version is copied. */
  readonly etag: string
  readonly size: number
  readonly contentType?: string
}

interface Connection {
  readonly s3: typeof S3Sdk
  readonly client: S3Client
}

/** @returns The copy's etag. */
export async function copyObject(
  connection: Connection,
  copy: Copy,
  limits: CopyLimits = LIMITS,
): Promise<string | undefined> {
  if (copy.size > limits.atOnceBytes) return copyInParts(connection, copy, limits.partBytes)
  const { s3, client } = connection
  const { CopyObjectResult: result } = await client.send(new s3.CopyObjectCommand(inputOf(copy)))
  return result?.ETag
}

const inputOf = ({ bucket, from, to, etag }: Copy) => ({
  Bucket: bucket,
  Key: to,
  CopySource: `${bucket}/${from.split('/').map(encodeURIComponent).join('/')}`,
  CopySourceIfMatch: etag,
})

async function copyInParts({ s3, client }: Connection, copy: Copy, partBytes: number): Promise<string | undefined> {
  const target = { Bucket: copy.bucket, Key: copy.to }
  const begun = await client.send(new s3.CreateMultipartUploadCommand({ ...target, ContentType: copy.contentType }))
  const upload = { ...target, UploadId: begun.UploadId }
  try {
    const parts: CompletedPart[] = []
    for (let start = 0; start < copy.size; start += partBytes) {
      const range = `bytes=${start}-${Math.min(start + partBytes, copy.size) - 1}`
      const part = { ...inputOf(copy), ...upload, PartNumber: parts.length + 1, CopySourceRange: range }
      const { CopyPartResult: result } = await client.send(new s3.UploadPartCopyCommand(part))
      parts.push({ ETag: result?.ETag, PartNumber: part.PartNumber })
    }
    const end = { ...upload, MultipartUpload: { Parts: parts } }
    return (await client.send(new s3.CompleteMultipartUploadCommand(end))).ETag
  } catch (error) {
    // Or its parts are kept, and paid for. What went wrong first is what counts.
    await client.send(new s3.AbortMultipartUploadCommand(upload)).catch(() => undefined)
    throw error
  }
}
