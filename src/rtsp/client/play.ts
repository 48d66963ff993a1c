import { RtspError } from "../errors.ts";
import type { Requester } from "./requester.ts";
import type { TrackReceiver } from "./track_receiver.ts";

/** The status of a server that has no aggregate control (RFC 2326 11.3.10). */
const AGGREGATE_NOT_ALLOWED = 459;

/**
 * Starts a session's stream: all tracks together, or one by one if the server demands that.
 *
 * @throws {StreamError}
 */
export async function requestPlay(
  requester: Requester,
  aggregateUri: string,
  tracks: readonly TrackReceiver[],
): Promise<void> {
  const headers = [["Range", "npt=0.000-"]] as const;
  const play = (uri: string) => requester.request({ method: "PLAY", uri, headers });
  try {
    await play(aggregateUri);
  } catch (error) {
    if (!(error instanceof RtspError) || error.status !== AGGREGATE_NOT_ALLOWED) throw error;
    for (const { uri } of tracks) if (uri !== null) await play(uri);
  }
}
