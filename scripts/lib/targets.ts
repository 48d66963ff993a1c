/** The targets that Orion is packaged for. */

/** A target, named as by Deno. */
export interface Target {
  readonly name: "x86_64-unknown-linux-gnu" | "aarch64-unknown-linux-gnu";
  /** Value of `Deno.build.arch` there. */
  readonly arch: "x86_64" | "aarch64";
  /** Name of the folder of ONNX Runtime's addon. */
  readonly onnxruntime: "x64" | "arm64";
  /** `e_machine` in the header of its programs and libraries. */
  readonly machine: number;
}

export const TARGETS: readonly Target[] = [
  { name: "x86_64-unknown-linux-gnu", arch: "x86_64", onnxruntime: "x64", machine: 62 },
  { name: "aarch64-unknown-linux-gnu", arch: "aarch64", onnxruntime: "arm64", machine: 183 },
];

/** The names of the targets, for people. */
export function targetNames(): string {
  return TARGETS.map(({ name }) => name).join(", ");
}

/** The target of this name, or of this machine without one; null for an unknown name. */
export function targetNamed(name: string | undefined): Target | null {
  return TARGETS.find((target) =>
    name === undefined ? target.arch === Deno.build.arch : target.name === name
  ) ?? null;
}

/**
 * The machine of a native program or library: `e_machine` of its ELF header
 * (https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html); null for any other file.
 */
export function machineOf(bytes: Uint8Array): number | null {
  const isElf = bytes.length >= 20 && bytes[0] === 0x7f && bytes[1] === 0x45 &&
    bytes[2] === 0x4c && bytes[3] === 0x46;
  return isElf ? (bytes[18] ?? 0) + 256 * (bytes[19] ?? 0) : null;
}
