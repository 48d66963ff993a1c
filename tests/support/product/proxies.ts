/** The reverse proxies of `examples/`, started before an Orion, and what is asked through them. */
import { get, request } from "node:https";
import { Child } from "../system/children.ts";
import type { TempFolder } from "../system/files.ts";
import { programPath } from "../system/parts.ts";
import { exampleFile, placed } from "./examples.ts";

/** What a proxy is asked for, over TLS. */
export interface Asked {
  readonly port: number;
  readonly path: string;
  readonly ca: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** With it the request is a POST. */
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly cookie: string;
  /** As much as has come when it begins. */
  readonly beginning: string;
}

/** Asks, and returns with the first part of the answer's body: an answer without an end is let go. */
export function ask({ port, path, ca, headers = {}, body }: Asked): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const options = { hostname: "127.0.0.1", port, path, ca, headers: { ...headers }, agent: false };
  const sent = body === undefined
    ? get(options)
    : request({ ...options, method: "POST" }).end(body);
  sent.on("error", reject).on("response", (response) => {
    response.once("data", (chunk: Uint8Array) => {
      const cookie = (response.headers["set-cookie"] ?? []).join();
      const beginning = new TextDecoder().decode(chunk);
      resolve({ status: response.statusCode ?? 0, cookie, beginning });
      response.destroy();
    });
  });
  return promise;
}

/** A proxy of an example on a port of its own, with a certificate for 127.0.0.1. */
export type StartProxy = (parts: {
  readonly folder: TempFolder;
  readonly port: number;
  readonly orion: number;
  readonly cert: string;
  readonly key: string;
}) => Promise<Child>;

export const startCaddy: StartProxy = async ({ folder, port, orion, cert, key }) => {
  const file = placed(exampleFile("caddy", "Caddyfile"), [
    ["orion.example.com {", `https://127.0.0.1:${port} {\n\ttls ${cert} ${key}`],
    ["127.0.0.1:8080", `127.0.0.1:${orion}`],
  ]);
  const options = "{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n";
  const child = new Child({
    name: "caddy",
    command: programPath("caddy") ?? "caddy",
    args: ["run", "--adapter", "caddyfile", "--config", folder.write("Caddyfile", options + file)],
    env: { XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path, HOME: folder.path },
  });
  await child.stderr.waitFor((line) => line.includes("serving initial configuration"), {
    what: "its start",
  });
  return child;
};

export const startNginx: StartProxy = async ({ folder, port, orion, cert, key }) => {
  const server = placed(exampleFile("nginx", "orion.conf"), [
    ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
    ["/etc/ssl/orion/fullchain.pem", cert],
    ["/etc/ssl/orion/privkey.pem", key],
    ["127.0.0.1:8080", `127.0.0.1:${orion}`],
  ]);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    .map((name) => `${name}_temp_path ${folder.path}/${name};`).join("\n");
  const config = folder.write(
    "nginx.conf",
    `daemon off; master_process off; pid ${folder.path}/pid; error_log stderr notice;\n` +
      `events {}\nhttp {\naccess_log off;\n${paths}\n${server}}\n`,
  );
  const child = new Child({
    name: "nginx",
    command: programPath("nginx") ?? "nginx",
    args: ["-e", "stderr", "-c", config],
  });
  await child.stderr.waitFor((line) => line.includes("using the"), { what: "its start" });
  return child;
};
