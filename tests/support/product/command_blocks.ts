/** Every block of commands in the documents, and what runs it. */
import { ROOT } from "../system/files.ts";
import { walk } from "../../../scripts/testing/checkout.ts";

/** A block of commands of a document. */
export interface CommandBlock {
  readonly path: string;
  /** The first line, without its comment: with the path it names the block. */
  readonly first: string;
  readonly text: string;
  /** The name by which a walk of that document runs it, or null. */
  readonly walked: string | null;
}

/** The documents whose `walked=` blocks are run in their order, and by what. */
export const WALKS: Readonly<Record<string, string>> = {
  "docs/container.md": "scripts/service/walk_container.sh",
  "docs/deploy.md": "scripts/service/walk_deploy.sh",
  "docs/first-hour.md": "tests/e2e/first_hour_test.ts",
};

/** Blocks that `tests/e2e/documented_commands_test.ts` runs, by document and first line. */
export const RUN_BY_TEST: Readonly<Record<string, readonly string[]>> = {
  "README.md": ["mosquitto_pub -t orion/orion/control -q 1 \\"],
  "docs/mqtt.md": ["mosquitto_pub -q 1 -t orion/lobby-1/control -m \\"],
  "docs/cameras.md": ["orion probe --env CAMERA"],
  "docs/from-frigate.md": ["orion init --from-frigate /path/to/config.yml >orion.yaml"],
};

/** Why no test runs the exporters of other projects. */
const EXPORTER = "an exporter of another project, which takes its weights from the network";

/** Blocks that no test runs as they stand, and why. */
export const NOT_RUN: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "README.md": {
    "sh scripts/setup.sh run":
      "installs: tests/e2e/setup_test.ts has its plans, CI runs the second",
    "mosquitto_sub -t 'orion/+/presence/#' -v": "the walk of docs/first-hour.md has it with a user",
  },
  "CONTRIBUTING.md": {
    "sh scripts/setup.sh test": "CI itself",
    "deno task bench scripts/soak/fuzz.ts 60": "hours",
    "deno task bench scripts/soak/attack.ts 10": "tests/e2e/attack_test.ts has a short form",
    "deno task bench scripts/soak/presence_world.ts 8": "minutes; world_test.ts has a short form",
    "deno task bench scripts/bench/accuracy.ts FOLDER":
      "minutes; tests/workers/accuracy_bench_test.ts has a short form",
    "deno task bench scripts/soak/page_night.ts 8":
      "minutes; browser/night_test.ts has a short form",
    "deno run --allow-read=. --allow-write=schema,docs,packaging scripts/schemas.ts":
      "writes to the checkout; the checks run it with --check",
  },
  "docs/library.md": {
    "lib=/usr/lib/x86_64-linux-gnu":
      "tests/e2e/library_test.ts runs it with the libraries of this machine",
  },
  "models/README.md": {
    "yolo export model=yolo11n.pt format=onnx dynamic=True": EXPORTER,
    "python -c \"from libreyolo import LibreYOLO; LibreYOLO('LibreYOLO9t.pt').export(format='onnx')\"":
      EXPORTER,
    "python export.py --weights yolov5n.pt --include onnx": EXPORTER,
    "python tools/export_onnx.py -n yolox-nano -c yolox_nano.pth --output-name yolox-nano.onnx":
      EXPORTER,
    "python tools/export_onnx.py -c configs/dfine/dfine_hgnetv2_n_coco.yml -r dfine_n.pth":
      EXPORTER,
    "optimum-cli export onnx --model ustc-community/dfine-nano-coco --task object-detection dfine":
      EXPORTER,
    [`python -c "import rfdetr; rfdetr.RFDETRNano().export(output_dir='rfdetr')"`]: EXPORTER,
    "python tools/export_onnx.py --cfg_path config/nanodet-plus-m_416.yml --model_path nanodet.ckpt":
      EXPORTER,
    "python tools/deploy.py configs/mmdet/detection/detection_onnxruntime_static.py \\": EXPORTER,
    "paddle2onnx --model_dir ppyoloe --model_filename model.pdmodel \\": EXPORTER,
    "python -m tf2onnx.convert --saved-model saved_model --opset 17 --output ssd.onnx": EXPORTER,
    "python tools/converter.py -f configs/damoyolo_tinynasL20_N.py -c damoyolo.pth --batch_size 1":
      EXPORTER,
    "deno task bench scripts/bench/accuracy.ts FOLDER":
      "minutes; tests/workers/accuracy_bench_test.ts has a short form",
  },
  "assets/README.md": {
    "pip download --no-deps --python-version 3.10 --only-binary=:all: scikit-image==0.19.3":
      "how the clip was made, once; takes packages from the network",
  },
  "docs/container.md": {
    "GATE_URL='rtsp://viewer:secret@192.168.1.20/stream' docker compose up --detach":
      "takes a camera at that address",
  },
  "docs/deploy.md": {
    "sudo apt-get install --no-install-recommends ./orion_*_amd64.deb":
      "takes a system with nothing else in it: scripts/service/walk_install.sh does it",
    "cd /opt/orion": "takes packages from the network",
    "deno task compile --config orion.yaml": "takes a denort: tests/e2e/compile_test.ts",
    "sudo useradd --system --no-create-home --shell /usr/sbin/nologin orion":
      "the same of the single program: tests/e2e/compile_test.ts without root",
    "orion run --log-level info": "an excerpt: how to measure on a box",
  },
  "docs/first-hour.md": {
    "git clone ADDRESS ~/orion": "the checkout is there; its script is the README's",
    "sudo apt-get install --yes mosquitto mosquitto-clients": "installs, as root",
  },
  "docs/metrics.md": {
    "promtool test rules packaging/monitoring/orion.rules.test.yml":
      "tests/e2e/monitoring_test.ts runs it where Prometheus is installed",
  },
  "docs/streams.md": {
    "read -rs CAMERA && export CAMERA && orion probe --env CAMERA":
      "asks a person: tests/cameras/probe_test.ts runs both forms",
  },
  "docs/tuning.md": {
    "curl -s http://127.0.0.1:8080/metrics | grep -e latency_seconds -e decode_seconds -e drop":
      "on the port of a running service; tests read /metrics themselves",
  },
  "docs/upgrading.md": {
    "git rev-parse HEAD >../orion-before": "fetches a new version",
    'git checkout "$(cat ../orion-before)"': "changes the checkout",
    "sudo apt-get install ./orion_NEW_amd64.deb":
      "takes a system with nothing else in it: scripts/service/walk_install.sh does it",
    "sudo apt-get install --allow-downgrades ./orion_OLD_amd64.deb": "the same",
  },
  "examples/mosquitto-tls/README.md": {
    "sudo mkdir -p /etc/mosquitto/certs":
      "as root; tests/e2e/examples_test.ts does the same in a folder",
    "mosquitto_sub --cafile ca.pem -h broker.example -p 8883 -u operator -P PASSWORD -t 'orion/#' -v":
      "tests/e2e/examples_test.ts reads as this user",
  },
};

/** Fenced blocks of a shell, and indented ones that begin with a command. */
const FENCED = /^( *)```(?:sh|bash)(?: walked=(\S+))?\n(.*?)^ *```$/gms;
const INDENTED = /(?<=\n\n)(?: {4}.*\n)+/g;
const COMMAND = /^(?:orion|mosquitto_\w+|deno|sh|curl|sudo|read|git|setsid) /;

/** Every block of commands, in every document. */
export function commandBlocks(): CommandBlock[] {
  const paths = [
    ...["README.md", "CONTRIBUTING.md", "models/README.md", "assets/README.md"],
    ...[...walk(ROOT, "docs"), ...walk(ROOT, "examples")].filter((path) => path.endsWith(".md")),
  ];
  return paths.flatMap((path) => {
    const text = Deno.readTextFileSync(`${ROOT}/${path}`);
    const fenced = [...text.matchAll(FENCED)].map(([, indent = "", walked, body = ""]) =>
      blockOf(path, body.replace(new RegExp(`^${indent}`, "gm"), ""), walked ?? null)
    );
    const rest = text.replace(/^ *```.*?^ *```$/gms, "");
    const indented = [...rest.matchAll(INDENTED)]
      .map(([body]) => body.replace(/^ {4}/gm, ""))
      .filter((body) => COMMAND.test(body))
      .map((body) => blockOf(path, body, null));
    return [...fenced, ...indented];
  });
}

function blockOf(path: string, text: string, walked: string | null): CommandBlock {
  const first = (text.split("\n")[0] ?? "").replace(/\s+# .*$/, "").trim();
  return { path, first, text, walked };
}
