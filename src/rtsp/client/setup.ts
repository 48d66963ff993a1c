/** Sets the tracks of a session up: over TCP, interleaved, or over UDP. */
import { RtspError, rtspError } from "../errors.ts";
import { parseTransport, type TransportRequest, writeTransport } from "../protocol/headers.ts";
import { resolveControl } from "../protocol/url.ts";
import { UdpPair } from "../transport/udp.ts";
import type { RtspOptions } from "./open.ts";
import type { Dialogue } from "./requester.ts";
import type { RtspSession } from "./session.ts";
import type { TrackReceiver } from "./track_receiver.ts";

export interface SetUpContext {
  /** What relative control URLs refer to. */
  readonly base: string;
  readonly options: RtspOptions;
  /** The camera's address. */
  readonly remoteAddress: string;
}

/**
 * Sets every track of the session up. With `transport: auto` over TCP, and over UDP where that is
 * refused (461 Unsupported Transport).
 *
 * @throws {StreamError}
 */
export async function setUp(
  session: RtspSession,
  dialogue: Dialogue,
  context: SetUpContext,
): Promise<void> {
  const { transport, memory } = context.options;
  if (transport === "udp" || (transport === "auto" && memory.needsUdp)) {
    return await setUpUdp(session, dialogue, context);
  }
  try {
    await setUpTcp(session, dialogue, context);
  } catch (error) {
    const isRefused = error instanceof RtspError && error.code === "STREAM_TRANSPORT";
    if (transport !== "auto" || !isRefused) throw error;
    memory.needsUdp = true;
    await setUpUdp(session, dialogue, context);
  }
}

async function setUpTcp(
  session: RtspSession,
  dialogue: Dialogue,
  context: SetUpContext,
): Promise<void> {
  for (const [index, track] of session.receivers.entries()) {
    const asked = { kind: "tcp", rtpChannel: 2 * index } as const;
    // Before the answer: some cameras send at once.
    session.useChannels(track, asked.rtpChannel, asked.rtpChannel + 1);
    const answer = await requestSetUp(dialogue, track, asked, context);
    if (answer.kind !== "tcp") {
      throw rtspError("STREAM_TRANSPORT", {
        action: "Cannot set the stream up",
        found: "the camera answers with UDP where TCP was asked for",
        transport: "tcp",
      });
    }
    session.useChannels(track, answer.rtpChannel, answer.rtcpChannel);
    track.announcedSsrc = answer.ssrc;
  }
}

/** One track only: each needs two ports of its own, and those are granted one by one. */
async function setUpUdp(
  session: RtspSession,
  dialogue: Dialogue,
  context: SetUpContext,
): Promise<void> {
  const { options, remoteAddress } = context;
  const track = session.chooseBeforehand();
  if (options.udpPorts === null) {
    throw rtspError("STREAM_TRANSPORT", {
      action: "Cannot set the stream up",
      found: "no local ports are granted for UDP",
      transport: "udp",
    });
  }
  const udp = await UdpPair.bind(options.udpPorts, remoteAddress);
  session.useUdp(track, udp);
  const asked = { kind: "udp", rtpPort: udp.rtpPort } as const;
  const answer = await requestSetUp(dialogue, track, asked, context);
  if (answer.kind !== "udp" || answer.isMulticast) {
    throw rtspError("STREAM_TRANSPORT", {
      action: "Cannot set the stream up",
      found: answer.kind === "udp"
        ? "the camera answers with multicast"
        : "the camera answers with TCP where UDP was asked for",
      transport: "udp",
    });
  }
  track.announcedSsrc = answer.ssrc;
  udp.expect(answer.serverPorts);
}

async function requestSetUp(
  dialogue: Dialogue,
  track: TrackReceiver,
  asked: TransportRequest,
  { base }: SetUpContext,
) {
  const response = await dialogue.request({
    method: "SETUP",
    uri: resolveControl(base, track.media.control).uri,
    headers: [["Transport", writeTransport(asked)]],
    transport: asked.kind,
  });
  return parseTransport(response.headers.get("Transport") ?? "", asked);
}
