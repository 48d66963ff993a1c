/** Snapshots and live pictures of cameras. */
import type { Context, Hono } from "hono";
import { type Clock, isoTime } from "../core/clock.ts";
import { OrionError } from "../core/errors.ts";
import type { LivePicture } from "../core/live_types.ts";
import type { Access } from "./access.ts";
import { connectionOf } from "./connection.ts";
import { READ, refuseOtherMethods } from "./methods.ts";
import { type BodySource, droppedUnread, pulledBody } from "./pulled_body.ts";
import { NO_CAMERA, refuse } from "./refusal.ts";

/** Where pictures of cameras come from. */
export interface PictureSource {
  /**
   * A snapshot of a camera, as JPEG; null for an unknown camera.
   * @param boxes  whether boxes, zones and lines are drawn on it
   * @throws OrionError when no frame came in time
   */
  snapshot(camera: string, boxes: boolean): Promise<ArrayBuffer | null>;
  /**
   * Adds a viewer of a camera's live pictures; null for an unknown camera.
   * @throws OrionError when there are too many
   */
  watch(camera: string, boxes: boolean): Viewer | null;
}

/** A viewer of live pictures. */
export interface Viewer {
  /** The newest picture it has not had, or null once it is closed. */
  next(): Promise<LivePicture | null>;
  /** Idempotent. */
  close(): void;
}

/** Occurs in no JPEG by chance. */
const BOUNDARY = "orion-live-picture";
/** Between the parts: before the first one as well, so that a part is complete when it has arrived. */
const DELIMITER = `--${BOUNDARY}\r\n`;

/** Adds the routes, behind what the application already requires of a request. */
export function addLiveRoutes(
  app: Hono,
  access: Access,
  { source, clock }: { readonly source: PictureSource; readonly clock: Clock },
): void {
  app.get("/cameras/:camera/snapshot.jpg", async (context) => {
    const boxes = boxesOf(context);
    if (boxes === null) return badBoxes(context);
    try {
      const jpeg = await source.snapshot(context.req.param("camera"), boxes);
      if (jpeg === null) return refuse(context, NO_CAMERA);
      return context.body(jpeg, 200, { "Content-Type": "image/jpeg" });
    } catch (error) {
      return unavailable(context, error);
    }
  });
  refuseOtherMethods(app, "/cameras/:camera/snapshot.jpg", READ);
  const parts = new Parts();
  app.get("/cameras/:camera/live.mjpg", (context) => {
    const boxes = boxesOf(context);
    if (boxes === null) return badBoxes(context);
    try {
      const viewer = source.watch(context.req.param("camera"), boxes);
      if (viewer === null) return refuse(context, NO_CAMERA);
      const type = { "Content-Type": `multipart/x-mixed-replace; boundary=${BOUNDARY}` };
      // Its body is never read.
      if (context.req.raw.method === "HEAD") {
        viewer.close();
        return context.body(null, 200, type);
      }
      const untie = access.tie(context, () => viewer.close());
      const { close } = connectionOf(context);
      const body = droppedUnread(multipart(viewer, parts), { clock, onUnread: close });
      return context.body(pulledBody(body, untie), 200, type);
    } catch (error) {
      return unavailable(context, error);
    }
  });
  refuseOtherMethods(app, "/cameras/:camera/live.mjpg", READ);
}

/** The pictures as a multipart body: a slow client gets fewer pictures, not older ones. */
function multipart(viewer: Viewer, parts: Parts): BodySource {
  let isFirst = true;
  return {
    async take() {
      if (isFirst) {
        isFirst = false;
        return new TextEncoder().encode(DELIMITER);
      }
      const picture = await viewer.next();
      return picture === null ? null : parts.of(picture);
    },
    close: () => viewer.close(),
  };
}

/** The parts of pictures, each made once: all viewers of a picture get the same bytes. */
class Parts {
  readonly #parts = new WeakMap<LivePicture, Uint8Array<ArrayBuffer>>();

  of(picture: LivePicture): Uint8Array<ArrayBuffer> {
    const part = this.#parts.get(picture) ?? partOf(picture);
    this.#parts.set(picture, part);
    return part;
  }
}

/** One part of the body: header, JPEG and the delimiter behind it. */
function partOf({ seq, capturedAtMs, detector, bytes }: LivePicture): Uint8Array<ArrayBuffer> {
  const fields = [
    "Content-Type: image/jpeg",
    `Content-Length: ${bytes.byteLength}`,
    `X-Orion-Seq: ${seq}`,
    `X-Orion-Captured-At: ${isoTime(capturedAtMs)}`,
    ...detector === null ? [] : [`X-Orion-Detector: ${detector}`],
  ];
  const encoder = new TextEncoder();
  const head = encoder.encode(`${fields.join("\r\n")}\r\n\r\n`);
  const end = encoder.encode(`\r\n${DELIMITER}`);
  const part = new Uint8Array(head.length + bytes.byteLength + end.length);
  part.set(head);
  part.set(new Uint8Array(bytes), head.length);
  part.set(end, head.length + bytes.byteLength);
  return part;
}

/** Whether boxes are to be drawn; null where the text is no answer to that. */
function boxesOf(context: Context): boolean | null {
  const text = context.req.query("boxes") ?? "0";
  return text === "1" ? true : text === "0" ? false : null;
}

function badBoxes(context: Context): Response {
  return refuse(context, {
    status: 400,
    code: "HTTP_BOXES",
    error: "write boxes as 1 or 0",
    remedy: "1: boxes are drawn on the pictures; 0, or nothing: they are not.",
  });
}

/** @throws the error, if it is none of Orion's */
function unavailable(context: Context, error: unknown): Response {
  if (!(error instanceof OrionError)) throw error;
  const { code, message, remedy } = error.toData();
  return refuse(context, { status: 503, code, error: message, remedy });
}
