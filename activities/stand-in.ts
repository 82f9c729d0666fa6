/** Who heartbeats for an attempt while its handler holds the thread of the agent. To be disposed of with the attempt. */
interface StandIn extends Disposable {
  /** The attempt heartbeats by itself, with these details (JSON text). */
  readonly beat: (details: string | undefined) => void
}

/** @param taskToken of the attempt's activity, as the gateway sealed it */
export type OpenStandIn = (taskToken: Uint8Array, command: string) => StandIn

/** Such an attempt is lost then. */
export const NO_STAND_IN: OpenStandIn = () => ({ beat: () => undefined, [Symbol.dispose]: () => undefined })
