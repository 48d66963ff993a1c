import { z } from "zod";
import { type AckPayload, ackSchema } from "../../../src/mqtt/payloads.ts";
import { type InferenceMessage, inferences, Schemas } from "../brokers/messages.ts";
import { assertReportCloses } from "./report.ts";
import type { Rig } from "./rig.ts";

/** The control topic of the instance that a {@link Rig} starts. */
export const CONTROL = "orion/test/control";
/** Messages that are checked once a change is in effect. */
const CHECKED = 3;

/** The overrides in the answer of `get_status`. */
export const overridesSchema = z.array(
  z.object({
    setting: z.string(),
    camera: z.string().nullable(),
    detector: z.string().nullable(),
    value: z.unknown(),
  }),
);

/** A client that sends commands. */
export class Operator {
  readonly #rig: Rig;
  readonly #schemas = new Schemas();
  #sent = 0;

  constructor(rig: Rig) {
    this.#rig = rig;
  }

  /** Publishes any payload and waits for the acknowledgement with `id`. */
  async publish(payload: string, id: string | null): Promise<AckPayload> {
    const since = this.#rig.subscriber.messages.length;
    await this.#rig.broker.publish(CONTROL, payload);
    const message = await this.#rig.subscriber.waitFor(
      ({ topic, json }) => topic === `${CONTROL}/ack` && json?.["id"] === id,
      { since, what: `the acknowledgement of ${payload.slice(0, 120)}` },
    );
    this.#schemas.validate("orion.ack.1", message.json);
    return ackSchema.parse(message.json);
  }

  /** Sends a command. @returns the code of its error, or `ok` */
  async send(command: string, params?: unknown): Promise<string> {
    const { error, status } = await this.command(command, params);
    return error?.code ?? status;
  }

  command(command: string, params?: unknown): Promise<AckPayload> {
    this.#sent += 1;
    const id = `op-${this.#sent}`;
    return this.publish(JSON.stringify({ schema: "orion.command/1", id, command, params }), id);
  }

  /**
   * Messages of a camera from the first on that shows a change: the frame in inference when the command
   * came has the settings of before.
   */
  async changed(
    camera: string,
    holds: (message: InferenceMessage) => boolean,
  ): Promise<InferenceMessage[]> {
    const all = this.#following(camera);
    const changed = () => all().slice(all().findIndex(holds));
    await this.#rig.subscriber.waitFor(() => all().some(holds), {
      what: `a message of ${camera} that shows the change`,
    });
    await this.#rig.subscriber.waitFor(() => changed().length >= CHECKED, {
      what: `${CHECKED} messages of ${camera}`,
    });
    return changed();
  }

  /** The next `count` inference messages of a camera. */
  async next(camera: string, count: number): Promise<InferenceMessage[]> {
    const all = this.#following(camera);
    await this.#rig.subscriber.waitFor(() => all().length >= count, {
      what: `${count} inference messages of ${camera}`,
    });
    return all().slice(0, count);
  }

  /** Waits until two consecutive messages of a camera are at most `frames` apart. */
  async follows(camera: string, frames: number): Promise<void> {
    const all = this.#following(camera);
    await this.#rig.subscriber.waitFor(() => gaps(all()).some((gap) => gap <= frames), {
      what: `messages of ${camera} that are at most ${frames} frames apart`,
    });
  }

  /** Waits until the thread of a camera counts its frames as paused, and so sends no more of them. */
  async paused(camera: string): Promise<void> {
    const isPaused = async () => {
      const { cameras } = assertReportCloses((await this.#rig.get("/status")).body);
      return cameras.find(({ id }) => id === camera)?.ledger.detectors[0]?.paused === true;
    };
    while (!await isPaused()) await this.next("yard", 1);
  }

  #following(camera: string): () => InferenceMessage[] {
    const since = this.#rig.subscriber.messages.length;
    return () =>
      inferences(this.#rig.subscriber.messages.slice(since), this.#schemas)
        .filter((message) => message.camera === camera);
  }
}

/** Frames between consecutive messages. */
export function gaps(messages: readonly InferenceMessage[]): number[] {
  return messages.slice(1).map(({ frame }, at) => frame.seq - (messages[at]?.frame.seq ?? 0));
}
