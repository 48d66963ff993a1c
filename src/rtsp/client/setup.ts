/** SETUP of a session's tracks: interleaved over TCP, or over UDP. */
import { RtspError, rtspError } from "../errors.ts";
import { parseTransport, type TransportRequest, writeTransport } from "../protocol/headers.ts";
import { resolveControl } from "../protocol/url.ts";
import { UdpPair } from "../transport/udp.ts";
import type { RtspOptions } from "./options.ts";
import type { Requester } from "./requester.ts";
import type { RtspSession } from "./session.ts";
import type { TrackReceiver } from "./track_receiver.ts";

export interface SetUpContext {
  /** The base of relative control URLs. */
  readonly base: string;
  readonly options: RtspOptions;
  /** The camera's IP address. */
  readonly remoteAddress: string;
}

/**
 * Sets up every track of the session. `transport: auto` tries TCP first, and UDP if the camera refuses
 * that: with 461 Unsupported Transport, or with an error that states no cause, such as 400 Bad Request.
 *
 * @throws {StreamError}
 */
export async function setUp(
  session: RtspSession,
  requester: Requester,
  context: SetUpContext,
): Promise<void> {
  const { transport, hints } = context.options;
  if (transport === "udp" || (transport === "auto" && hints.requiresUdp)) {
    return await setUpUdp(session, requester, context);
  }
  try {
    await setUpTcp(session, requester, context);
  } catch (error) {
    if (transport !== "auto" || !isTransportRefusal(error)) throw error;
    // Also where the camera closes the connection now: the next one begins with UDP.
    hints.requiresUdp = true;
    const isCertain = error.code === "STREAM_TRANSPORT";
    try {
      await setUpUdp(session, requester, context);
    } catch (udpError) {
      const isRefused = udpError instanceof RtspError && udpError.status !== null;
      throw isRefused && !isCertain ? error : udpError;
    }
    hints.requiresUdp = isCertain;
  }
}

function isTransportRefusal(error: unknown): error is RtspError {
  return error instanceof RtspError &&
    (error.code === "STREAM_TRANSPORT" || error.code === "STREAM_SERVER");
}

/** Some cameras describe several video tracks and allow only one at a time: it is played. */
async function setUpTcp(
  session: RtspSession,
  requester: Requester,
  context: SetUpContext,
): Promise<void> {
  const refusals: RtspError[] = [];
  for (const [index, track] of session.receivers.entries()) {
    const requested = { kind: "tcp", rtpChannel: 2 * index } as const;
    // Before the response: some cameras send at once.
    session.bindChannels(track, requested.rtpChannel, requested.rtpChannel + 1);
    try {
      const chosen = await requestSetUp(requester, track, requested, context);
      if (chosen.kind !== "tcp") throw choseUdp();
      session.bindChannels(track, chosen.rtpChannel, chosen.rtcpChannel);
      track.announcedSsrc = chosen.ssrc;
    } catch (error) {
      if (!(error instanceof RtspError) || error.status === null) throw error;
      refusals.push(error);
    }
  }
  const [refusal] = refusals;
  if (refusal !== undefined && refusals.length === session.receivers.length) throw refusal;
}

function choseUdp(): RtspError {
  return rtspError("STREAM_TRANSPORT", {
    action: "Cannot set up the stream",
    found: "the camera chose UDP although TCP was requested",
    transport: "tcp",
  });
}

/** Sets up one track only: each needs two local ports, and ports are granted one by one. */
async function setUpUdp(
  session: RtspSession,
  requester: Requester,
  context: SetUpContext,
): Promise<void> {
  const { options, remoteAddress } = context;
  const track = session.selectBeforePlay();
  if (options.udpPorts === null) {
    throw rtspError("STREAM_TRANSPORT", {
      action: "Cannot set up the stream",
      found: "no local ports are granted for UDP",
      transport: "udp",
    });
  }
  const udp = await UdpPair.bind(options.udpPorts, remoteAddress);
  session.bindUdp(track, udp);
  options.onUdpBound(udp.rtpPort);
  const requested = { kind: "udp", rtpPort: udp.rtpPort } as const;
  const chosen = await requestSetUp(requester, track, requested, context);
  if (chosen.kind !== "udp" || chosen.isMulticast) {
    throw rtspError("STREAM_TRANSPORT", {
      action: "Cannot set up the stream",
      found: chosen.kind === "udp"
        ? "the camera chose multicast"
        : "the camera chose TCP although UDP was requested",
      transport: "udp",
    });
  }
  track.announcedSsrc = chosen.ssrc;
  udp.acceptFrom(chosen.serverPorts, chosen.source);
}

async function requestSetUp(
  requester: Requester,
  track: TrackReceiver,
  requested: TransportRequest,
  { base }: SetUpContext,
) {
  const { uri } = resolveControl(base, track.media.control);
  const response = await requester.request({
    method: "SETUP",
    uri,
    headers: [["Transport", writeTransport(requested)]],
    transport: requested.kind,
  });
  track.uri = uri;
  return parseTransport(response.headers.get("Transport") ?? "", requested);
}
