/** Which boxes are drawn on which picture, when they arrive in another order than usual. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Hono } from "hono";
import { withPage } from "../../../src/dashboard/routes.ts";
import { type HealthJson, healthJson } from "../../../src/health/health_json.ts";
import { healthReport } from "../../../src/health/report.ts";
import { Browser, type Tab } from "../../support/system/browser.ts";
import { ignoreWithout } from "../../support/system/parts.ts";
import { parts } from "../../unit/health/parts.ts";

/** A grey picture of 16x16. */
const JPEG = Buffer.from(
  "/9j/4AAQSkZJRgABAgAAAQABAAD/2wBDAAg+Pkk+SVVVVVVVVWRdZGhoaGRkZGRoaGhwcHCDg4NwcHBoaHBwfHyDg4+Tj4eHg4eTk5ubm7q6srLZ2eD/////xABKAAEAAAAAAAAAAAAAAAAAAAAAAQEAAAAAAAAAAAAAAAAAAAAAEAEAAAAAAAAAAAAAAAAAAAAAEQEAAAAAAAAAAAAAAAAAAAAA/8AAEQgAEAAQAwEiAAIRAAMRAP/aAAwDAQACEQMRAD8AAA//2Q==",
  "base64",
);

/** A body that the test writes; what it writes before a browser reads is kept. */
class Body {
  readonly #encoder = new TextEncoder();
  #isOpen = false;
  readonly #ended = Promise.withResolvers<void>();
  readonly #open = Promise.withResolvers<ReadableStreamDefaultController<Uint8Array>>();

  get response(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      start: (controller) => {
        this.#isOpen = true;
        this.#open.resolve(controller);
      },
      cancel: () => this.#ended.resolve(),
    });
  }

  async write(...pieces: readonly (string | Uint8Array)[]): Promise<void> {
    const controller = await this.#open.promise;
    for (const piece of pieces) {
      controller.enqueue(typeof piece === "string" ? this.#encoder.encode(piece) : piece);
    }
  }

  /** Waits until the browser has closed it, if it has opened it. */
  get ended(): Promise<void> {
    return this.#isOpen ? this.#ended.promise : Promise.resolve();
  }
}

/** A service with camera `gate`, whose events and pictures the test sends. */
class ScriptedService implements AsyncDisposable {
  readonly #events = new Body();
  readonly #pictures = new Body();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** @param report  what `GET /status` answers */
  constructor(report: HealthJson = healthJson(healthReport(parts()))) {
    const app = new Hono();
    app.get("/session", (context) => context.json({ required: false, signedIn: true }));
    app.get("/status", (context) => context.json(report));
    app.get("/events", () => this.#stream(this.#events, "text/event-stream"));
    app.get(
      "/cameras/gate/live.mjpg",
      () => this.#stream(this.#pictures, "multipart/x-mixed-replace; boundary=b"),
    );
    const page = withPage(app);
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => undefined },
      (request) => page.fetch(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  #stream(body: Body, type: string): Response {
    return new Response(body.response, { headers: { "Content-Type": type } });
  }

  /** An inference whose only box begins at its own sequence number. */
  infer(seq: number): Promise<void> {
    const inference = {
      ...{ schema: "orion.inference/1", camera: "gate", detector: "person" },
      frame: { seq, width: 1280, height: 720, capturedAt: new Date().toISOString() },
      detections: [{
        class: "person",
        confidence: 0.9,
        box: { x: seq, y: 10, width: 30, height: 40 },
      }],
      timing: { totalMs: 20 },
    };
    return this.#events.write(`event: inference\ndata: ${JSON.stringify(inference)}\n\n`);
  }

  show(seq: number): Promise<void> {
    const head =
      `Content-Type: image/jpeg\r\nContent-Length: ${JPEG.length}\r\nX-Orion-Seq: ${seq}`;
    return this.#pictures.write(`--b\r\n${head}\r\n\r\n`, new Uint8Array(JPEG), "\r\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#events.ended;
    await this.#pictures.ended;
    await this.#server.shutdown();
  }
}

/** Waits for a picture with so many boxes; returns where they begin. */
async function boxesOn({ page }: Tab, seq: number, count: number): Promise<(string | null)[]> {
  const picture = page.locator(`[data-camera=gate] .picture[data-seq="${seq}"]`);
  await picture.waitFor();
  const boxes = picture.locator(".box");
  if (count > 0) await boxes.first().waitFor({ state: "attached" });
  return await Promise.all((await boxes.all()).map((box) => box.getAttribute("data-box")));
}

Deno.test({
  name: "page: a picture has the boxes of its own frame, whatever was inferred since",
  ignore: ignoreWithout("chromium"),
  async fn() {
    await using service = new ScriptedService();
    await using browser = await Browser.start();
    await using tab = await browser.tab();
    await tab.page.goto(service.url);
    for (const seq of [1, 2, 3]) await service.infer(seq);
    await service.show(2);
    assert.deepEqual(await boxesOn(tab, 2, 1), ["2 10 30 40"]);
    await service.show(1);
    assert.deepEqual(await boxesOn(tab, 1, 1), ["1 10 30 40"]);
    // Not inferred, or not yet.
    await service.show(4);
    assert.deepEqual(await boxesOn(tab, 4, 0), []);
    await service.infer(4);
    assert.deepEqual(await boxesOn(tab, 4, 1), ["4 10 30 40"]);
    await service.infer(5);
    await service.show(6);
    assert.deepEqual(await boxesOn(tab, 6, 0), []);
    assert.deepEqual(tab.problems, []);
  },
});

Deno.test({
  name: "page: a view that fails says so, and the others can be opened",
  ignore: ignoreWithout("chromium"),
  async fn() {
    const report = healthJson(healthReport(parts()));
    // JSON has no NaN: it becomes null, which the view does not expect.
    await using service = new ScriptedService({ ...report, uptimeSeconds: NaN });
    await using browser = await Browser.start();
    await using tab = await browser.tab();
    const { page } = tab;
    await page.goto(`${service.url}/#figures`);
    await page.getByText("This view cannot be shown").waitFor();
    assert.equal(tab.problems.filter((problem) => problem.startsWith("uncaught")).length, 1);
    await page.getByRole("link", { name: "Live", exact: true }).click();
    await page.getByRole("heading", { name: "Live" }).waitFor();
  },
});

Deno.test({
  name: "page: an address that is no valid encoding is read as it is",
  ignore: ignoreWithout("chromium"),
  async fn() {
    await using service = new ScriptedService();
    await using browser = await Browser.start();
    await using tab = await browser.tab();
    await tab.page.goto(`${service.url}/#aim/50%`);
    await tab.page.getByRole("heading", { name: "Aim" }).waitFor();
    assert.deepEqual(tab.problems, []);
  },
});

Deno.test({
  name: "page: the demo greets with how a camera is added, other cameras come before it",
  ignore: ignoreWithout("chromium"),
  async fn() {
    await using browser = await Browser.start();
    const report = healthJson(healthReport(parts()));
    for (const url of ["demo:", "rtsp://192.0.2.10:554"]) {
      const cameras = report.cameras.map((camera) => ({ ...camera, url }));
      await using service = new ScriptedService({ ...report, cameras });
      await using tab = await browser.tab();
      await tab.page.goto(service.url);
      await tab.page.getByText("Add a camera").waitFor();
      const field = tab.page.getByLabel("Address of the camera");
      assert.equal(await field.isVisible(), url === "demo:", url);
      const greets = tab.page.locator(".welcome[open] + .tiles");
      assert.equal(await greets.count(), url === "demo:" ? 1 : 0, url);
    }
  },
});
