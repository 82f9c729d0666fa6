/** What the agent's thread and the one that stands in for it tell each other. */

export interface StandInSettings {
  /** Of the control plane. */
  readonly url: string
  readonly token: string
  /** One number, which the agent's thread counts up as long as it is not held. */
  readonly beats: SharedArrayBuffer
}

export type ToStandIn =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'open'; readonly id: number; readonly taskToken: string; readonly command: string }
  /** JSON text. */
  | { readonly kind: 'details'; readonly id: number; readonly details: string }
  | { readonly kind: 'close'; readonly id: number }

export type FromStandIn =
  /** The agent's thread runs again. */
  | { readonly kind: 'held'; readonly heldMs: number; readonly commands: readonly string[] }
  | { readonly kind: 'trouble'; readonly reason: string }
