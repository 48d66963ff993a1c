/** The payloads that `GET /events` repeats, as the publisher's thread copies them to main. */

/** The payload of an MQTT message. */
export type CopiedEvent =
  | {
    readonly event: "inference";
    readonly camera: string;
    readonly detector: string;
    readonly payload: string;
  }
  | {
    readonly event: "presence";
    readonly camera: string;
    /** The number of the event, as in `NumberedEvent`. */
    readonly number: number;
    readonly payload: string;
  };

/**
 * An inference message was published: acknowledged by the broker (QoS 1) or written (QoS 0). `totalMs` as
 * in the message.
 */
export interface EmittedInference {
  readonly camera: string;
  readonly detector: string;
  readonly worker: string;
  readonly seq: number;
  readonly totalMs: number;
}
