/** How an agent process ends, and what its supervisor makes of it. */

/** Trying again cannot help: the handlers' module, its commands, or the token must change first. */
export const EXIT_MISCONFIGURED = 78

/** What an agent process tells its supervisor. */
export type AgentMessage =
  | { readonly kind: 'ready'; readonly deployment: string; readonly commands: readonly string[] }
  /** Why it is about to end, in one line. */
  | { readonly kind: 'failed'; readonly reason: string }
