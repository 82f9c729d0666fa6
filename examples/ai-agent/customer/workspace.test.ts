import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { directoryIn, isWithin } from './workspace.js'

let machine: string
let workspace: string

beforeAll(async () => {
  machine = await realpath(await mkdtemp(join(tmpdir(), 'alien-workspace-')))
  workspace = join(machine, 'workspace')
  await mkdir(join(workspace, 'src/deep'), { recursive: true })
  await mkdir(join(machine, 'workspace-evil'))
  await writeFile(join(workspace, 'file'), '')
  await symlink('../workspace-evil', join(workspace, 'out'))
  await symlink('src', join(workspace, 'in'))
})

afterAll(() => rm(machine, { recursive: true, force: true }))

/** As the product page has it. */
const pageLetsPass = (directory: string): boolean => resolve('/workspace', directory).startsWith('/workspace')

test("the page's check lets a sibling pass, and this one does not", () => {
  expect(pageLetsPass('../workspace-evil')).toBe(true)
  expect(isWithin('/workspace', resolve('/workspace', '../workspace-evil'))).toBe(false)
})

test.each([
  ['.', ''],
  ['src', 'src'],
  ['src/../src/deep', 'src/deep'],
  ['in/deep', 'src/deep'],
])('%s is in the workspace', async (directory, real) => {
  expect(await directoryIn(workspace, directory)).toBe(join(workspace, real))
})

test.each(['..', '../workspace-evil', '../not-there', '/', '/etc', 'src/../../workspace-evil', 'out', 'out/.'])(
  '%s is not',
  async (directory) => {
    await expect(directoryIn(workspace, directory)).rejects.toThrow(
      `directory "${directory}" is not in the workspace; give one inside, relative to it`,
    )
  },
)

test.each(['file', 'missing', 'file/deeper'])('%s is no directory', async (directory) => {
  await expect(directoryIn(workspace, directory)).rejects.toThrow(
    `there is no directory "${directory}" in the workspace; list-files shows what there is`,
  )
})
