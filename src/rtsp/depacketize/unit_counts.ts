/** Counts of packets and units. */
export interface UnitCounts {
  /** Packets added. */
  packets: number;
  /** Units emitted, corrupt ones included: every picture once. */
  units: number;
  /** Units emitted as corrupt. */
  corrupt: number;
  /** Units above the size limit; emitted as corrupt, without data. */
  oversized: number;
  /** Units with an early marker bit: emitted without their remainder; the next one is corrupt. */
  truncated: number;
  /** Payloads, or parts of them, that are irrelevant or malformed. */
  ignored: number;
  /** Payloads of an unsupported kind. */
  refused: number;
}

/** No packet so far. */
export function zeroCounts(): UnitCounts {
  return {
    packets: 0,
    units: 0,
    corrupt: 0,
    oversized: 0,
    truncated: 0,
    ignored: 0,
    refused: 0,
  };
}
