/**
 * Opens a URL with libav, which prints to standard error: as much as `openLibav` permits, or everything
 * with `uncapped`. The arguments are the paths of the libraries as JSON, the URL and that word.
 */
import { openInput } from "../../../src/libav/open_input.ts";
import { Interrupt } from "../../../src/libav/interrupt.ts";
import { openLibav } from "../../../src/libav/open.ts";
import { rtspOptions } from "../../../src/libav/options.ts";

/** `AV_LOG_TRACE`. */
const EVERYTHING = 56;

if (import.meta.main) {
  const [libraries = "", url = "", how] = Deno.args;
  using libav = openLibav(JSON.parse(libraries), { logLevel: EVERYTHING });
  if (how === "uncapped") libav.avutil.av_log_set_level(EVERYTHING);
  using interrupt = new Interrupt(libav);
  const options = rtspOptions(libav, { transport: "tcp", timeoutMs: 5000 });
  try {
    using _input = await openInput(libav, { url, options, interrupt, findStreamInfo: false });
  } catch (error) {
    Deno.stderr.writeSync(new TextEncoder().encode(`${error}\n`));
  }
}
