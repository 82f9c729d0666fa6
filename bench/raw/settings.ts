/** What the two programs of a raw system are told. */
export interface RawSettings {
  readonly address: string
  readonly namespace: string
  /** With the product's own settings on the client's side: eager start, and two polls for activities. */
  readonly tuned: boolean
}

export const WORKFLOW_QUEUE = 'raw-workflows'
export const ACTIVITY_QUEUE = 'raw-activities'
