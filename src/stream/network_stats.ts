import type { CameraSource, NetworkStats as Figures, TrackInfo } from "../core/camera_types.ts";
import type { MediaDescription } from "../rtsp/media.ts";
import { RTP_ANOMALIES } from "../rtsp/timeline.ts";
import type { RtspSource } from "./rtsp_source.ts";

/** Adds up what each connection of a camera counts: no figure ever goes back. */
export class NetworkStats {
  readonly #anomalies: Record<string, number> = Object.fromEntries(
    RTP_ANOMALIES.map((kind) => [kind, 0]),
  );
  readonly #security: Figures["security"];
  #lostPackets = 0;
  #source: RtspSource | null = null;
  #hasOpened = false;

  constructor({ url, tls }: Pick<CameraSource, "url" | "tls">) {
    this.#security = !/^rtsps:/i.test(url)
      ? "none"
      : tls?.insecure === true
      ? "insecure"
      : tls?.fingerprint === null || tls === null
      ? "verified"
      : "fingerprint";
  }

  /** A connection plays. */
  open(source: RtspSource): void {
    this.#source = source;
    this.#hasOpened = true;
  }

  /** It has ended. */
  close(): void {
    const source = this.#source;
    if (source === null) return;
    this.#source = null;
    this.#lostPackets += source.lostPackets;
    for (const kind of RTP_ANOMALIES) {
      this.#anomalies[kind] = (this.#anomalies[kind] ?? 0) + source.anomalies[kind];
    }
  }

  /** What is played, and what else the camera offers; null while it is not connected. */
  get track(): Figures["track"] {
    const session = this.#source?.session;
    if (session === undefined) return null;
    const chosen = session.track.media;
    const others = session.media.filter(({ index }) => index !== chosen.index).map(trackInfo);
    return { ...trackInfo(chosen), others };
  }

  /** Everything at this moment; null before the first connection. */
  figures(): Figures | null {
    if (!this.#hasOpened) return null;
    const source = this.#source;
    const anomalies = Object.fromEntries(
      RTP_ANOMALIES.map((kind) => [
        kind,
        (this.#anomalies[kind] ?? 0) + (source?.anomalies[kind] ?? 0),
      ]),
    );
    return {
      lostPackets: this.#lostPackets + (source?.lostPackets ?? 0),
      anomalies,
      transport: source?.session.transport ?? null,
      security: this.#security,
      track: this.track,
    };
  }
}

function trackInfo({ index, kind, encodingName }: MediaDescription): TrackInfo {
  return { index, kind, encoding: encodingName };
}
