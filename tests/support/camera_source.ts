/** A camera as a capture worker is told of it. */
import type { CameraSource } from "../../src/core/messages.ts";

/** The defaults of the configuration, and what the test says. */
export function sourceOf(source: Partial<CameraSource> & { readonly url: string }): CameraSource {
  return {
    camera: "gate",
    file: null,
    loop: false,
    transport: "tcp",
    decoder: "auto",
    decode: "auto",
    roi: null,
    masks: [],
    stallTimeoutMs: 10_000,
    firstSeq: 0,
    ...source,
  };
}
