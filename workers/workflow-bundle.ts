/** The workflows' code, bundled for Temporal's sandbox once at build time, by the very SDK version that runs it. */
import { bundleWorkflowCode } from '@temporalio/worker'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const inFolder = (name: string): string => fileURLToPath(new URL(`../workflows/${name}`, import.meta.url))

export const WORKFLOW_BUNDLE_PATH = inFolder('bundle.js')

/** Writes the bundle beside the compiled workflows. Part of the build. */
export async function buildWorkflowBundle(): Promise<void> {
  const quiet = { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} }
  const workflowsPath = inFolder('index.js')
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    payloadConverterPath: inFolder('timed-result.js'),
    // Our modules keep no state of their own, so the workflows of a worker share them. Else each would load a copy of
    // all of them, and hold it for as long as it is cached.
    preloadModules: [workflowsPath],
    // The package says that its modules have no side effects: the preload would be left out as a call without a use.
    webpackConfigHook: (config) => ({ ...config, optimization: { ...config.optimization, sideEffects: false } }),
    logger: quiet,
  })
  await writeFile(WORKFLOW_BUNDLE_PATH, code)
}
