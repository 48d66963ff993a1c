import type { Clock } from "../core/clock.ts";
import { ID_PATTERN } from "../core/ids.ts";
import type { Log } from "../core/log.ts";
import type { Link } from "./link.ts";
import { RetainedReader } from "./retained_reader.ts";
import type { IncomingMessage } from "./session.ts";
import type { Topics } from "./topics.ts";

/** Topics that are cleared; the others follow at the next start. */
const MAX_CLEARED = 1_000;

type Kind = "occupancy" | "picture" | "camera" | "switch";

export interface RetainedLeftParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly link: Pick<Link, "connected" | "subscribe" | "unsubscribe">;
  readonly topics: Topics;
  readonly hasCamera: (camera: string) => boolean;
  /** Whether the configuration has presence for the camera, and that zone. */
  readonly hasOccupancy: (camera: string, zone: string) => boolean;
  /** Whether pictures of the camera may leave the process. */
  readonly hasPictures: (camera: string) => boolean;
  readonly clear: (kind: Kind, topic: string) => void;
}

/** Topics of one kind. */
interface Group {
  readonly kind: Kind;
  readonly filter: string;
  /** The levels of a topic that its filter leaves open: a camera, and for some kinds one more. */
  readonly levels: number;
  readonly has: (camera: string, second: string) => boolean;
}

/**
 * Clears what an earlier run left retained and this one would not publish: the state of cameras and the
 * occupancy of zones that are gone, and pictures that are not allowed any more. Once, with the first connection
 * on which it can be read, and again when the configuration has changed.
 */
export class RetainedLeft {
  readonly #parts: RetainedLeftParts;
  readonly #groups: readonly Group[];
  readonly #readers: readonly RetainedReader[];
  #unread: number;
  #cleared = 0;

  constructor(parts: RetainedLeftParts) {
    this.#parts = parts;
    const { clock, link, log, topics: { left }, hasCamera, hasOccupancy, hasPictures } = parts;
    const onRead = () => {
      this.#unread -= 1;
    };
    this.#groups = [
      { kind: "picture", filter: left.pictures, levels: 2, has: hasPictures },
      { kind: "occupancy", filter: left.occupancy, levels: 2, has: hasOccupancy },
      { kind: "camera", filter: left.cameras, levels: 1, has: hasCamera },
      { kind: "switch", filter: left.switches, levels: 1, has: hasCamera },
    ];
    this.#readers = this.#groups.map(({ filter }) =>
      new RetainedReader({ clock, link, log, filters: [filter], onRead })
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
    for (const group of this.#groups) {
      const open = openLevels(group.filter, topic);
      if (open === null) continue;
      if (retained && payload.byteLength > 0) this.#found(group, topic, open);
      return true;
    }
    return false;
  }

  #found({ has, kind, levels }: Group, topic: string, open: readonly string[]): void {
    const [camera = "", second = ""] = open;
    if (ID_PATTERN.test(camera) && open.length === levels && has(camera, second)) return;
    if (this.#cleared >= MAX_CLEARED) return;
    this.#cleared += 1;
    this.#parts.clear(kind, topic);
  }
}

/** The levels of a topic that the wildcards of a filter stand for; null where it does not match. */
function openLevels(filter: string, topic: string): readonly string[] | null {
  const levels = topic.split("/");
  const open: string[] = [];
  for (const [at, wanted] of filter.split("/").entries()) {
    if (wanted === "#") return [...open, ...levels.splice(at)];
    if (wanted === "+") open.push(levels[at] ?? "");
    else if (wanted !== levels[at]) return null;
  }
  return filter.split("/").length === levels.length ? open : null;
}
