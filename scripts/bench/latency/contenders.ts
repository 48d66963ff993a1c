/** The contenders: each infers on a camera's newest frames at a rate, and publishes over MQTT. */
import { Child } from "../../../tests/support/system/children.ts";
import { ROOT, type TempFolder } from "../../../tests/support/system/files.ts";
import { OrionProcess } from "../../../tests/support/product/process.ts";
import { SYSTEM_PYTHON } from "../../../tests/support/system/parts.ts";
import { CAMERA } from "./camera.ts";
import { AT_NORMAL_PRIORITY } from "./load.ts";
import type { ContenderName, ModelName, Options } from "./options.ts";

/** The input of a contender. */
export interface Task {
  readonly cameraUrl: string;
  readonly mqttPort: number;
  readonly rateHz: number;
  readonly folder: TempFolder;
}

/** A contender, which is started for each round. */
export interface Contender {
  readonly name: ContenderName;
  /** Whether its messages have the fields of Orion's. */
  readonly isOrion: boolean;
  /** The topic of its messages. */
  readonly topic: string;
  readonly start: (task: Task) => Child;
}

const MODEL_FILES: Readonly<Record<ModelName, string>> = {
  "person": "nanodet-g.onnx",
  "person-int8": "nanodet-g-int8.onnx",
};

/** ONNX Runtime in the version of deno.json. */
const PACKAGES: readonly string[] = ["onnxruntime==1.30.0", "paho-mqtt==2.1.0", "numpy==2.3.5"];

/** The contenders of the options; creates a Python environment for GStreamer if none is given. */
export async function contenders(options: Options, folder: TempFolder): Promise<Contender[]> {
  const list: Contender[] = [];
  for (const name of options.contenders) {
    if (name === "gstreamer") list.push(await gstreamer(options, folder));
    else list.push(orion(name, name === "this" ? ROOT : options.parent ?? ROOT, options));
  }
  return list;
}

/** A checkout, started by its start script. */
function orion(
  name: "this" | "parent",
  checkout: string,
  { model, transport }: Options,
): Contender {
  return {
    name,
    isOrion: true,
    topic: "orion/bench/inferences/#",
    start(task) {
      const detector = `id: person, model: builtin:${model}, rateHz: ${task.rateHz}`;
      const config = task.folder.write(
        "orion.yaml",
        [
          "instance: bench",
          `cameras: [{ id: gate, url: "${task.cameraUrl}", transport: ${transport} }]`,
          `detectors: [{ ${detector}, classes: [person] }]`,
          `mqtt: { url: "mqtt://127.0.0.1:${task.mqttPort}" }`,
          "health: { listen: off }",
          "",
        ].join("\n"),
      );
      const words = ["run", "--config", config, "--log-format", "json"];
      return new OrionProcess({
        name: `Orion (${name})`,
        command: "sh",
        args: ["-c", `${AT_NORMAL_PRIORITY}; exec sh "$0" "$@"`, `${checkout}/scripts/orion.sh`]
          .concat(words),
        env: { NO_COLOR: "1" },
      });
    },
  };
}

/** The same pipeline with GStreamer's appsink. */
async function gstreamer(options: Options, folder: TempFolder): Promise<Contender> {
  const python = options.python ?? await makePython(folder);
  return {
    name: "gstreamer",
    isOrion: false,
    topic: "gstreamer/inferences",
    start(task) {
      const words = ["--url", task.cameraUrl, "--fps", `${CAMERA.fps}`, "--rate", `${task.rateHz}`]
        .concat("--transport", options.transport)
        .concat("--width", `${CAMERA.width}`, "--height", `${CAMERA.height}`)
        .concat("--model", `${ROOT}/models/${MODEL_FILES[options.model]}`)
        .concat("--mqtt-port", `${task.mqttPort}`, "--topic", "gstreamer/inferences");
      const program = `${ROOT}/scripts/bench/latency/gst_appsink.py`;
      return new Child({
        name: "GStreamer",
        // The bench has permission to run the shell, and no Python but the system's.
        command: "sh",
        args: ["-c", `${AT_NORMAL_PRIORITY}; exec "$0" "$@"`, python, program, ...words],
      });
    },
  };
}

/** A virtual environment that also sees the system's `gi`. @returns its Python */
async function makePython(folder: TempFolder): Promise<string> {
  const place = `${folder.path}/python`;
  const script = '"$0" -m venv --system-site-packages "$1" && place=$1 && shift && ' +
    'exec "$place/bin/pip" install --quiet --disable-pip-version-check "$@"';
  const { success, stderr } = await new Deno.Command("sh", {
    args: ["-c", script, SYSTEM_PYTHON, place, ...PACKAGES],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (success) return `${place}/bin/python`;
  throw new Error(
    `Cannot make a Python for GStreamer: ${new TextDecoder().decode(stderr).trim()}\n` +
      "Install python3-venv, or name one with --python.",
  );
}
