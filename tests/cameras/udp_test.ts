/** A camera over UDP in the whole product: it uses exactly the granted ports. */
import assert from "node:assert/strict";
import { tempFolder, TWO_PEOPLE_CLIP } from "../support/system/files.ts";
import { inferences, Schemas } from "../support/brokers/messages.ts";
import { ignoreWithout } from "../support/system/parts.ts";
import { freePortPair } from "../support/system/ports.ts";
import { runOrion } from "../support/product/process.ts";
import { assertReportCloses } from "../support/product/report.ts";
import { Rig } from "../support/product/rig.ts";
import { RtspServer } from "../support/cameras/rtsp_server.ts";

const MESSAGES = 15;

Deno.test({
  name: "udp: frames arrive on the camera's two ports, the only ones that are granted",
  ignore: ignoreWithout("libav", "mosquitto", "gst-rtsp-server"),
  async fn() {
    const auth = { user: "viewer", password: "s3cret-9x" };
    await using camera = await RtspServer.start({ clip: TWO_PEOPLE_CLIP, auth });
    // RTP uses an even port.
    const rtpPort = freePortPair();
    const url = camera.urlWithCredentials;
    const config = [
      `cameras: [{ id: gate, url: "${url}", transport: udp, udpPort: ${rtpPort} }]`,
      "detectors: [{ id: person, model: builtin:person, rateHz: 5, classes: [person] }]",
    ].join("\n");

    using folder = tempFolder();
    const file = folder.write("orion.yaml", `${config}\nhealth: { listen: off }\n`);
    const { stdout, stderr } = await runOrion(["permissions", "--json", "--config", file]);
    const granted = JSON.parse(stdout).parts["capture gate"];
    assert.ok(granted !== undefined, stderr);
    const ports = [rtpPort, rtpPort + 1].map((port) => `0.0.0.0:${port}`);
    assert.deepEqual(granted.net, [...ports, "127.0.0.1"]);
    assert.ok(granted.ffi.every((path: string) => !path.includes("avformat")));
    const checked = await runOrion(["check", "--connect", "--config", file]);
    assert.match(checked.stdout, /^ok: camera gate: h264 1280x720$/m, checked.stderr);

    await using rig = await Rig.start({ config });
    await rig.inferences("gate", MESSAGES);
    const messages = inferences(rig.subscriber.messages, new Schemas());
    assert.ok(messages.some(({ detections }) => detections.length === 2), "both people are seen");
    const report = assertReportCloses((await rig.get("/status")).body);
    assert.equal(report.cameras[0]?.network?.transport, "udp");
    assert.equal(await rig.stop(), 0);
    assert.equal(rig.orion.stderr.text().includes(auth.password), false);
  },
});
