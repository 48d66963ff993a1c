/** The package of Debian: the portable folder in `/usr/lib/orion`, with what a system expects around it. */
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { RELEASES } from "../../src/libav/layouts.ts";
import { SHARED } from "./portable.ts";
import { runCommand } from "./run_command.ts";
import type { Target } from "./targets.ts";

/** Where the page installs the portable folder, and where the package has it. */
const BY_HAND = "/opt/orion/current/";
const FOLDER = "/usr/lib/orion/";

/** What Deno and ONNX Runtime are linked against: the newest versions of symbols in them. */
const LINKED = ["libc6 (>= 2.28)", "libgcc-s1", "libstdc++6 (>= 7)"];

/** The libraries of libav that are opened. */
const LIBAV = ["avutil", "avcodec", "avformat", "swscale"] as const;

/** What of the portable folder the package has in another place, or not at all. */
const ELSEWHERE = ["share", "orion.service", "packaging", "docs/container.md", ".dockerignore"];

/** Times in the archive: the first that dpkg and tar of every system can hold, 1980. */
const EPOCH_SECONDS = 315_532_800;

const FIELDS: Readonly<Record<string, string>> = {
  Section: "video",
  Priority: "optional",
  Maintainer: "Orion <orion@localhost>",
  Suggests: "mosquitto",
  Description: "cameras in, detections out\n" +
    " Reads cameras over RTSP, finds people and other objects in the picture with\n" +
    " ONNX models, and publishes what it found over MQTT. Each camera, model and\n" +
    " connection has exactly the permissions that the configuration needs.",
};

export interface DebOptions {
  /** The checkout. */
  readonly root: string;
  /** The portable folder; it is moved. */
  readonly folder: string;
  /** A folder for what is removed afterwards. */
  readonly work: string;
  readonly out: string;
  readonly target: Target;
  readonly version: string;
}

/** Builds it. @returns its path */
export function buildDeb({ root, folder, work, out, target, version }: DebOptions): string {
  const arch = debianArch(target);
  const tree = join(work, "deb");
  const packaging = join(root, "packaging");
  const write = (path: string, content: string | Uint8Array, mode = 0o644) => {
    Deno.mkdirSync(dirname(join(tree, path)), { recursive: true });
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    Deno.writeFileSync(join(tree, path), bytes, { mode });
  };
  const read = (path: string) => Deno.readTextFileSync(join(packaging, path));

  Deno.mkdirSync(join(tree, "usr/lib"), { recursive: true });
  Deno.renameSync(folder, join(tree, FOLDER));
  write(
    `usr/${SHARED.manual}.gz`,
    zipped(Deno.readTextFileSync(join(tree, FOLDER, SHARED.manual))),
  );
  for (const path of [SHARED.bash, SHARED.zsh]) {
    // Where zsh of Debian looks.
    const at = path.replace("site-functions", "vendor-completions");
    write(`usr/${at}`, Deno.readTextFileSync(join(tree, FOLDER, path)));
  }
  Deno.mkdirSync(join(tree, "usr/share/orion"));
  Deno.renameSync(
    join(tree, FOLDER, "packaging/monitoring"),
    join(tree, "usr/share/orion/monitoring"),
  );
  for (const name of ELSEWHERE) Deno.removeSync(join(tree, FOLDER, name), { recursive: true });
  write("usr/bin/orion", `#!/bin/sh\nexec ${FOLDER}orion "$@"\n`, 0o755);
  write("usr/lib/systemd/system/orion.service", unitText(read("orion.service")));
  write("etc/orion/orion.yaml", read("debian/orion.yaml"));
  write("usr/share/doc/orion/copyright", copyrightText(root));
  write(
    "usr/share/doc/orion/NEWS.gz",
    zipped(Deno.readTextFileSync(join(root, "CHANGELOG.md"))),
  );
  for (const name of ["postinst", "prerm", "postrm"]) {
    write(`DEBIAN/${name}`, read(`debian/${name}`), 0o755);
  }
  write("DEBIAN/conffiles", "/etc/orion/orion.yaml\n");
  write("DEBIAN/control", controlText({ version, arch, kibibytes: kibibytesOf(tree) }));

  runCommand("chmod", ["-R", "u+rwX,go+rX,go-w", tree]);
  const path = join(out, `orion_${version}_${arch}.deb`);
  const args = ["--root-owner-group", "-Zxz", "--build", tree, path];
  runCommand("dpkg-deb", args, { SOURCE_DATE_EPOCH: String(EPOCH_SECONDS) });
  return path;
}

/** Debian's name of an architecture. */
export function debianArch({ arch }: Target): "amd64" | "arm64" {
  return arch === "x86_64" ? "amd64" : "arm64";
}

export function controlText(
  { version, arch, kibibytes }: { version: string; arch: string; kibibytes: number },
): string {
  const depends = [...LINKED, ...libavDepends(), "adduser"].join(", ");
  const fields = {
    ...{ Package: "orion", Version: version, Architecture: arch },
    ...{ "Installed-Size": String(kibibytes), Depends: depends, ...FIELDS },
  };
  return Object.entries(fields).map(([name, value]) => `${name}: ${value}\n`).join("");
}

/** One alternative for each release of FFmpeg that Orion opens, the newest first. */
export function libavDepends(): string[] {
  return LIBAV.map((name) => {
    const majors = [...new Set(RELEASES.map((release) => release[name]))];
    return majors.map((major) => `lib${name}${major}`).join(" | ");
  });
}

/** The unit, for the package's folder. */
export function unitText(unit: string): string {
  const head = `# Orion as a service of systemd, installed by its package. The configuration is
# /etc/orion/orion.yaml, with its secrets in files beside it or in /etc/orion/environment, all of root and
# readable by the group orion. See ${FOLDER}docs/deploy.md.
`;
  return head + unit.slice(unit.indexOf("[Unit]")).replaceAll(BY_HAND, FOLDER);
}

function copyrightText(root: string): string {
  const licence = Deno.readTextFileSync(join(root, "NOTICE"));
  return `Orion is licensed under the Apache License, Version 2.0, whose text is in
/usr/share/common-licenses/Apache-2.0 and ${FOLDER}LICENSE. What it contains of
others, with their licences, is listed in ${FOLDER}THIRD_PARTY.txt.

${licence}`;
}

function zipped(text: string): Uint8Array {
  return new Uint8Array(gzipSync(new TextEncoder().encode(text), { level: 9 }));
}

function kibibytesOf(folder: string): number {
  let bytes = 0;
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    bytes += isDirectory ? 1024 * kibibytesOf(path) : Deno.statSync(path).size;
  }
  return Math.ceil(bytes / 1024);
}
