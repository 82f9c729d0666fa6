import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { translateFsErrors, unless } from './fs-error.js'

const fsError = (code: string): Error => Object.assign(new Error(`${code}: /a/path`), { code, syscall: 'open' })

test.each([
  ['EACCES', 'access_denied', "the file system denies this process's user the access"],
  ['EPERM', 'access_denied', "the file system denies this process's user the access"],
  ['EROFS', 'access_denied', 'the file system is read-only'],
  ['ENAMETOOLONG', 'invalid_key', 'a segment of the key is longer than the file system allows'],
  ['ENOSPC', 'unavailable', 'the disk is full'],
  ['EDQUOT', 'unavailable', 'the disk quota is used up'],
  ['EMFILE', 'unavailable', 'this process has too many open files'],
  ['EIO', 'unavailable', 'the file system failed'],
])('%s becomes %s, without the path', async (fsCode, code, reason) => {
  const cause = fsError(fsCode)
  await expect(translateFsErrors('it', () => Promise.reject(cause))).rejects.toMatchObject({
    name: 'BindingError',
    code,
    message: `it: ${reason} (${fsCode})`,
    cause,
  })
})

test('other errors pass', async () => {
  const error = Object.assign(new Error('mine'), { code: 'EACCES' })
  await expect(translateFsErrors('it', () => Promise.reject(error))).rejects.toBe(error)
})

test('unless answers undefined for the given codes only', async () => {
  expect(await unless(['ENOENT'], readFile('/no/such/file'))).toBeUndefined()
  await expect(unless(['EISDIR'], readFile('/no/such/file'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await unless([], Promise.resolve(1))).toBe(1)
})
