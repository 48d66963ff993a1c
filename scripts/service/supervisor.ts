/**
 * Stands for the supervisor of Home Assistant in walk_app.sh: answers at port 80 where a broker is, once it is asked
 * with the token.
 *
 *   deno run --allow-net=127.0.0.1:80 supervisor.ts TOKEN USER PASSWORD
 */
if (import.meta.main) {
  const [token, username, password] = Deno.args;
  const data = { host: "127.0.0.1", port: 1883, ssl: false, username, password, protocol: "3.1.1" };
  Deno.serve({ hostname: "127.0.0.1", port: 80, onListen: () => undefined }, (request) => {
    const isAsked = new URL(request.url).pathname === "/services/mqtt" &&
      request.headers.get("authorization") === `Bearer ${token}`;
    return isAsked
      ? Response.json({ result: "ok", data })
      : Response.json({ result: "error", message: "forbidden" }, { status: 403 });
  });
}
