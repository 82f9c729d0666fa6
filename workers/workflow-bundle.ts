/** The workflows' code, bundled for Temporal's sandbox once at build time, by the very SDK version that runs it. */
import { bundleWorkflowCode } from '@temporalio/worker'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const inFolder = (name: string): string => fileURLToPath(new URL(`../workflows/${name}`, import.meta.url))

export const WORKFLOW_BUNDLE_PATH = inFolder('bundle.js')

/** Writes the bundle beside the compiled workflows. Part of the build. */
export async function buildWorkflowBundle(): Promise<void> {
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
  const { code } = await bundleWorkflowCode({ workflowsPath: inFolder('index.js'), logger: quiet })
  await writeFile(WORKFLOW_BUNDLE_PATH, code)
}
