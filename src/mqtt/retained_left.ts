import type { Clock } from "../core/clock.ts";
import { ID_PATTERN } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Link } from "./link.ts";
import { RetainedReader } from "./retained_reader.ts";
import type { IncomingMessage } from "./session.ts";
import type { Topics } from "./topics.ts";

/** Topics that are cleared; the others follow at the next start. */
const MAX_CLEARED = 1_000;

type Kind = "occupancy" | "picture";

export interface RetainedLeftParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly link: Pick<Link, "connected" | "subscribe" | "unsubscribe">;
  readonly topics: Topics;
  /** Whether the configuration has presence for the camera, and that zone. */
  readonly hasOccupancy: (camera: string, zone: string) => boolean;
  /** Whether pictures of the camera may leave the process. */
  readonly hasPictures: (camera: string) => boolean;
  readonly clear: (kind: Kind, topic: string) => void;
}

/**
 * Clears what an earlier run left retained and this one would not publish: pictures that are not allowed any
 * more, and the occupancy of zones that are gone. Once, with the first connection on which it can be read, and
 * again when the configuration has changed.
 */
export class RetainedLeft {
  readonly #parts: RetainedLeftParts;
  readonly #readers: readonly RetainedReader[];
  #unread: number;
  #cleared = 0;

  constructor(parts: RetainedLeftParts) {
    this.#parts = parts;
    const { clock, link, log, topics } = parts;
    const onRead = () => {
      this.#unread -= 1;
    };
    this.#readers = [topics.left.pictures, topics.left.occupancy].map((filter) =>
      new RetainedReader({ clock, link, log, filter, onRead })
    );
    this.#unread = this.#readers.length;
  }

  /** A connection was opened. */
  connected(): void {
    if (this.#unread <= 0) return;
    this.#unread = this.#readers.length;
    for (const reader of this.#readers) reader.open();
  }

  /** The configuration has changed: reads now, or with the next connection. */
  readAgain(): void {
    this.#unread = this.#readers.length;
    if (this.#parts.link.connected) this.connected();
  }

  disconnected(): void {
    for (const reader of this.#readers) reader.close();
  }

  /** @returns whether the message was of a topic that these filters match */
  receive({ topic, payload, retained }: IncomingMessage): boolean {
    const { topics } = this.#parts;
    const picture = levelsBelow(topics.left.pictures, topic);
    const occupancy = levelsBelow(topics.left.occupancy, topic);
    if (picture === null && occupancy === null) return false;
    if (!retained || payload.byteLength === 0 || this.#cleared >= MAX_CLEARED) return true;
    const { clear, hasOccupancy, hasPictures } = this.#parts;
    const [camera = "", zone = "", ...more] = picture ?? occupancy ?? [];
    const isOurs = ID_PATTERN.test(camera) && more.length === 0 &&
      (picture === null ? hasOccupancy(camera, zone) : hasPictures(camera));
    if (isOurs) return true;
    this.#cleared += 1;
    clear(picture === null ? "occupancy" : "picture", topic);
    return true;
  }
}

/** The levels of a topic that a filter ending in `#` matches, below its own; null where it does not. */
function levelsBelow(filter: string, topic: string): readonly string[] | null {
  const prefix = filter.slice(0, -1);
  return topic.startsWith(prefix) ? topic.slice(prefix.length).split("/") : null;
}
