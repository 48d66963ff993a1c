/** The image's health check: exits with 0 when Orion answers at the address, by default that of the example. */
const TIMEOUT_MS = 4_000;

if (import.meta.main) {
  const [url = "http://127.0.0.1:8080/healthz"] = Deno.args;
  try {
    const { ok, body } = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    await body?.cancel();
    Deno.exit(ok ? 0 : 1);
  } catch (error) {
    Deno.stderr.writeSync(new TextEncoder().encode(`${error}\n`));
    Deno.exit(1);
  }
}
