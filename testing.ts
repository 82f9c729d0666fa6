/** Package entry `./testing`: the whole product on this machine, for tests of one's own commands. Loads Temporal. */
export { startTestStack, type TestStack, type TestStackOptions } from './workers/test-stack.js'
