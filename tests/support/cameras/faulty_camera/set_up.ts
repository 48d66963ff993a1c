/** SETUP: selects track and transport, and builds the response. */
import type { Answer } from "./answer.ts";
import type { MediaPath } from "./media_path.ts";
import { tcpPath, udpPath } from "./media_path.ts";
import type { Behaviour, Track } from "./options.ts";
import { Packetizer } from "./packetize.ts";
import { FIRST_PAYLOAD_TYPE, trackOf } from "./sdp.ts";
import type { SentTrack } from "./sender.ts";
import type { Wire } from "./wire.ts";

/** The SSRC of the first track; the others follow. */
const FIRST_SSRC = 0x4f52494f;
const WRONG_SSRC = "DEADBEEF";

/** The context of SETUP. */
export interface SetUpContext {
  readonly tracks: readonly Track[];
  readonly behaviour: Behaviour;
  readonly wire: Wire;
  /** Indexes of the tracks that are already set up. */
  readonly taken: ReadonlySet<number>;
  readonly onRtcp: (bytes: Uint8Array) => void;
}

/** The response, and the track if it sends pictures. */
export interface SetUpResult {
  readonly answer: Answer;
  readonly index: number;
  readonly track: SentTrack | null;
}

/** Sets up the track of the URL with the transport of the `Transport` header. */
export async function setUp(
  uri: string,
  transport: string,
  context: SetUpContext,
): Promise<SetUpResult> {
  const { tracks, behaviour: { description, control, packets }, wire, taken, onRtcp } = context;
  const named = trackOf(uri, description) ?? tracks.findIndex((_, index) => !taken.has(index));
  const plan = tracks[named];
  const refuse = (status: number) => ({ answer: { status }, index: -1, track: null });
  if (plan === undefined) return refuse(404);
  const isTcp = /RTP\/AVP\/TCP/i.test(transport);
  if (control.transports !== "any" && isTcp !== (control.transports === "tcp")) return refuse(461);
  const asked = Number(/interleaved=(\d+)/.exec(transport)?.[1] ?? 0);
  const channel = control.ownChannel ?? asked;
  const clientPort = Number(/client_port=(\d+)/.exec(transport)?.[1] ?? 0);
  if (!isTcp && clientPort === 0) return refuse(461);
  const ssrc = FIRST_SSRC + named;
  let path: MediaPath;
  let said: string;
  if (isTcp) {
    path = tcpPath(wire, channel);
    said = `RTP/AVP/TCP;unicast;interleaved=${channel}-${channel + 1}`;
  } else {
    const udp = await udpPath(clientPort, onRtcp);
    path = udp;
    said = `RTP/AVP;unicast;client_port=${clientPort}-${clientPort + 1}`;
    if (control.announcesServerPorts) {
      said += `;server_port=${udp.serverPort}-${udp.serverPort + 1}`;
    }
  }
  if (control.ssrc === "right") said += `;ssrc=${ssrc.toString(16).toUpperCase()}`;
  if (control.ssrc === "wrong") said += `;ssrc=${WRONG_SSRC}`;
  const session = `${control.sessionId};timeout=${control.timeoutSeconds}`;
  const answer = { status: 200, headers: [["Transport", said], ["Session", session]] as const };
  if (plan.kind !== "video") {
    path.close();
    return { answer, index: named, track: null };
  }
  const payloadType = FIRST_PAYLOAD_TYPE + named + packets.payloadTypeOffset;
  const packetizer = new Packetizer({
    ...{ codec: plan.clip.codec, payloadType, ssrc, isUdp: !isTcp, faults: packets },
  });
  const isDead = plan.isDead === true;
  return {
    answer,
    index: named,
    track: { index: named, clip: plan.clip, isDead, path, channel, packetizer },
  };
}
