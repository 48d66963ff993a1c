/** A camera as a capture worker is told of it. */
import type { CameraSource } from "../../../src/core/camera_types.ts";

/** The defaults of the configuration, and what the test says. */
export function sourceOf(source: Partial<CameraSource> & { readonly url: string }): CameraSource {
  return {
    camera: "gate",
    file: null,
    loop: false,
    demuxer: "orion",
    transport: "tcp",
    track: null,
    tls: null,
    allowRedirect: [],
    udpPorts: null,
    maxUnitBytes: 8 * 1024 * 1024,
    maxPixels: 8192 * 4320,
    reconnectMaxMs: 10_000,
    decoder: "auto",
    decode: "auto",
    rotate: 0,
    aspect: null,
    roi: null,
    masks: [],
    stallTimeoutMs: 10_000,
    firstSeq: 0,
    ...source,
  };
}
