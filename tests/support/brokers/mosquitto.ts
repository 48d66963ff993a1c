/** Mosquitto: an independent broker, and an independent subscriber. */
import { Child } from "../system/children.ts";
import { type TempFolder, tempFolder } from "../system/files.ts";
import { jsonLine } from "../system/lines.ts";
import { programPath } from "../system/parts.ts";
import { freePort } from "../system/ports.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface MosquittoOptions {
  /** Default: any free one. */
  readonly port?: number;
  /** The only user that may connect. */
  readonly login?: { readonly username: string; readonly password: string };
  readonly tls?: TlsFiles;
  /** With `tls`: clients must show a certificate of the same authority. */
  readonly clientCertificates?: boolean;
  /** Lines for the configuration file. */
  readonly extra?: readonly string[];
}

/** A message as a subscriber received it. */
export interface Received {
  readonly topic: string;
  readonly qos: number;
  /** Published before the subscription, and retained by the broker. */
  readonly retained: boolean;
  readonly payload: string;
  /** The payload as a JSON object, or null. */
  readonly json: Readonly<Record<string, unknown>> | null;
}

/** A mosquitto on 127.0.0.1, stopped when disposed: `await using broker = await Mosquitto.start()`. */
export class Mosquitto implements AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly #options: MosquittoOptions;
  readonly #folder: TempFolder;
  #child: Child | null = null;
  #stopped: Child | null = null;

  private constructor(options: MosquittoOptions, folder: TempFolder, port: number) {
    this.#options = options;
    this.#folder = folder;
    this.port = port;
    this.url = `${options.tls === undefined ? "mqtt" : "mqtts"}://127.0.0.1:${port}`;
  }

  /** Starts one and returns when it accepts connections. */
  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const broker = new Mosquitto(options, tempFolder(), options.port ?? freePort());
    try {
      await broker.start();
      return broker;
    } catch (error) {
      await broker[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts it again, on the same port and without persistence. */
  async start(): Promise<void> {
    const config = this.#folder.write("mosquitto.conf", await this.#config());
    this.#child = new Child({
      name: "mosquitto",
      command: program("mosquitto"),
      args: ["-c", config],
    });
    await this.#child.stderr.waitFor((line) => / running$/.test(line), { what: "its start" });
  }

  /** Whether it was started and not stopped since. */
  get running(): boolean {
    return this.#child?.running ?? false;
  }

  /** Stops it, and with it every connection. */
  async stop(): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
    this.#stopped = this.#child ?? this.#stopped;
    this.#child = null;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Suspends the process: connections stay open and nothing is answered. */
  freeze(): void {
    this.#child?.signal("SIGSTOP");
  }

  thaw(): void {
    this.#child?.signal("SIGCONT");
  }

  /** What it logged since its last start, also after its end. */
  log(): string {
    return (this.#child ?? this.#stopped)?.stderr.text() ?? "";
  }

  /** Waits for a line of its log. */
  async waitForLog(test: (line: string) => boolean, what: string): Promise<void> {
    await this.#child?.stderr.waitFor(test, { what });
  }

  subscribe(...topics: readonly string[]): Promise<Subscriber> {
    return Subscriber.start({ ...this.#options, port: this.port, topics });
  }

  /** Publishes a text, and waits for its PUBACK. Without TLS only. */
  async publish(topic: string, text: string): Promise<void> {
    const to = ["-h", "127.0.0.1", "-p", `${this.port}`, "-q", "1", ...user(this.#options)];
    await run("mosquitto_pub", [...to, "-t", topic, "-m", text]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#folder[Symbol.dispose]();
  }

  async #config(): Promise<string> {
    const { login, tls, clientCertificates, extra } = this.#options;
    const lines = [
      // Started as root it would switch to a user that cannot read the folder of the test.
      "user root",
      "persistence false",
      "log_dest stderr",
      "log_type all",
      `listener ${this.port} 127.0.0.1`,
      `allow_anonymous ${login === undefined}`,
    ];
    if (login !== undefined) {
      lines.push(`password_file ${await this.#passwordFile(login.username, login.password)}`);
    }
    if (tls !== undefined) {
      lines.push(`cafile ${tls.ca}`, `certfile ${tls.cert}`, `keyfile ${tls.key}`);
      lines.push(`require_certificate ${clientCertificates === true}`);
    }
    return [...lines, ...extra ?? [], ""].join("\n");
  }

  async #passwordFile(username: string, password: string): Promise<string> {
    const file = `${this.#folder.path}/passwords`;
    await run("mosquitto_passwd", ["-b", "-c", file, username, password]);
    return file;
  }
}

/** A `mosquitto_sub`, and the messages that it received. */
export class Subscriber implements AsyncDisposable {
  readonly #child: Child;
  readonly #messages: Received[] = [];
  /** Lines of its output that were parsed so far. */
  #linesRead = 0;

  private constructor(child: Child) {
    this.#child = child;
  }

  /** Subscribes with QoS 1 and returns when the broker granted every topic. */
  static async start(
    to: Pick<MosquittoOptions, "login" | "tls"> & {
      readonly port: number;
      readonly topics: readonly string[];
      /** The path of the authority's certificate, for TLS without a certificate of the client. */
      readonly ca?: string;
    },
  ): Promise<Subscriber> {
    const tls = to.tls === undefined
      ? to.ca === undefined ? [] : ["--cafile", to.ca]
      : ["--cafile", to.tls.ca, "--cert", to.tls.cert, "--key", to.tls.key];
    const topics = to.topics.flatMap((topic) => ["-t", topic]);
    const child = new Child({
      name: "mosquitto_sub",
      // It would buffer its output to a pipe.
      command: program("stdbuf"),
      args: ["-oL", program("mosquitto_sub"), "-h", "127.0.0.1", "-p", `${to.port}`]
        .concat(["-q", "1", "-d", "-F", "%j"], user(to), tls, topics),
    });
    try {
      await child.stdout.waitFor((line) => line.startsWith("Subscribed"), {
        what: "its subscription",
      });
      return new Subscriber(child);
    } catch (error) {
      await child[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Every message so far, in order. */
  get messages(): readonly Received[] {
    const { all } = this.#child.stdout;
    while (this.#linesRead < all.length) {
      const message = received(all[this.#linesRead++] ?? "");
      if (message !== null) this.#messages.push(message);
    }
    return this.#messages;
  }

  /**
   * Finds the first message from index `since` on that passes, or waits for it. After the sender has ended
   * the broker may still have messages for the subscriber: wait for a message before you look for it
   * among {@link messages}.
   */
  async waitFor(
    test: (message: Received) => boolean,
    { what = "a message", since = 0 } = {},
  ): Promise<Received> {
    const already = this.messages.slice(since).find(test);
    if (already !== undefined) return already;
    // Its output has other lines as well, so `since` cannot be used: test the lines from here on.
    const line = await this.#child.stdout.waitFor((text) => {
      const message = received(text);
      return message !== null && test(message);
    }, { what, since: this.#child.stdout.all.length });
    const message = received(line);
    if (message === null) throw new Error(`not a message: ${line}`);
    return message;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
  }
}

/** Makes an authority in `folder`, with certificates for 127.0.0.1 and for a client. */
export async function makeCertificates(
  folder: TempFolder,
): Promise<{ readonly server: TlsFiles; readonly client: TlsFiles; readonly otherCa: string }> {
  const at = (name: string) => `${folder.path}/${name}`;
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const authority = (name: string) =>
    run(
      "openssl",
      ["req", "-x509", ...key, "-days", "2", "-subj", `/CN=${name}`]
        .concat("-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)),
    );
  await authority("ca");
  await authority("other");
  const extensions = folder.write("san", "subjectAltName=IP:127.0.0.1\n");
  for (const name of ["server", "client"]) {
    await run(
      "openssl",
      ["req", ...key, "-subj", `/CN=${name}`]
        .concat("-keyout", at(`${name}.key`), "-out", at(`${name}.csr`)),
    );
    await run(
      "openssl",
      ["x509", "-req", "-in", at(`${name}.csr`), "-days", "2", "-CA", at("ca.pem")]
        .concat("-CAkey", at("ca.key"), "-CAcreateserial", "-out", at(`${name}.pem`))
        .concat("-extfile", extensions),
    );
  }
  const files = (name: string) => ({
    ca: at("ca.pem"),
    cert: at(`${name}.pem`),
    key: at(`${name}.key`),
  });
  return { server: files("server"), client: files("client"), otherCa: at("other.pem") };
}

function received(line: string): Received | null {
  const message = jsonLine(line);
  if (message === null) return null;
  const payload = typeof message["payload"] === "string" ? message["payload"] : "";
  return {
    topic: String(message["topic"]),
    qos: Number(message["qos"]),
    retained: message["retain"] === 1,
    payload,
    json: jsonLine(payload),
  };
}

function user({ login }: Pick<MosquittoOptions, "login">): readonly string[] {
  return login === undefined ? [] : ["-u", login.username, "-P", login.password];
}

function program(name: string): string {
  return programPath(name) ?? name;
}

async function run(name: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(program(name), {
    args: [...args],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`${name} failed: ${new TextDecoder().decode(stderr)}`);
}
