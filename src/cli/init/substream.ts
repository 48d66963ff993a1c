/** The addresses of sub-streams of common cameras; `docs/cameras.md` says where each comes from. */
const SUB_STREAMS: readonly (readonly [main: RegExp, sub: string])[] = [
  // Hikvision and those it makes: channel 1, stream 1 of 2.
  [/(\/Streaming\/Channels\/\d+0)1(?!\d)/i, "$12"],
  [/(\/ch\d+\/)main(?=\/)/i, "$1sub"],
  // Dahua and those it makes.
  [/([?&]subtype=)0(?!\d)/i, "$11"],
  // Reolink.
  [/(Preview_\d+_)main(?!\w)/, "$1sub"],
  // TP-Link.
  [/(\/stream)1(?!\d)/, "$12"],
  // Uniview.
  [/(\/media\/video)1(?!\d)/, "$12"],
  // Foscam.
  [/(\/video)Main(?!\w)/, "$1Sub"],
];

/** The address of the sub-stream, where the address of the main stream shows it; else null. */
export function subStreamOf(url: string): string | null {
  for (const [main, sub] of SUB_STREAMS) {
    const changed = url.replace(main, sub);
    if (changed !== url) return changed;
  }
  return null;
}
