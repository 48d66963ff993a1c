import type { CameraSource, NetworkStats as Figures, TrackInfo } from "../core/camera_types.ts";
import type { MediaDescription } from "../rtsp/media.ts";
import { RTP_ANOMALIES } from "../rtsp/timing/timeline.ts";
import type { RtspSource } from "./rtsp_source.ts";

/** Sums the counters of a camera's connections, so that none ever decreases. */
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

  /** Starts counting a connection that plays. */
  open(source: RtspSource): void {
    this.#source = source;
    this.#hasOpened = true;
  }

  /** Adds the counters of the ended connection. */
  close(): void {
    const source = this.#source;
    if (source === null) return;
    this.#source = null;
    this.#lostPackets += source.lostPackets;
    for (const kind of RTP_ANOMALIES) {
      this.#anomalies[kind] = (this.#anomalies[kind] ?? 0) + source.anomalies[kind];
    }
  }

  /** The selected track, and the other tracks of the camera; null while it is not connected. */
  get track(): Figures["track"] {
    const session = this.#source?.session;
    if (session === undefined) return null;
    const selected = session.track.media;
    const others = session.media.filter(({ index }) => index !== selected.index).map(trackInfo);
    return { ...trackInfo(selected), others };
  }

  /** The current statistics; null before the first connection. */
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
