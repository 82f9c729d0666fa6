/** Rotation of what the task tokens of agents are sealed with: `POST /v1/sealing-keys/rotate`. Never the keys. */

/** How long control planes take to know of a new key, with room to spare: they look every 2 s. */
export const SEALING_KEY_SPREAD_MS = 10_000

/** Attempts that were begun before a rotation and run on for longer than this lose their result. */
export const DEFAULT_SEALING_OVERLAP_MS = 86_400_000

export interface RotatedSealingKey {
  /** `seal_…` */
  readonly id: string
  /** ISO 8601: when every control plane knows it, and it begins to seal. */
  readonly sealsFrom: string
  /** ISO 8601: until when what was sealed with those before it is taken. */
  readonly olderOpenUntil: string
}
