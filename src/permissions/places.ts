import { dirname, join } from "node:path";
import type { LibavPaths } from "../core/camera_types.ts";
import { LibraryError } from "../core/errors.ts";

/** Where ONNX Runtime's own files are, by their real paths: a grant does not follow links. */
export interface OnnxRuntimePlace {
  /** The native addon that the package loads. */
  readonly binding: string;
  /** The folder of the addon and the library beside it. */
  readonly folder: string;
}

/** Where everything native is that the configuration does not name. */
export interface Places {
  /** Orion's own folder: absolute, without a slash at its end. */
  readonly root: string;
  readonly libav: LibavPaths;
  readonly onnxruntime: OnnxRuntimePlace;
}

/** What the package calls the architectures it has libraries for. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };

/** Where the package is, or a link to it. */
export function onnxRuntimePackage(root: string): string {
  return join(root, "node_modules", "onnxruntime-node");
}

/** Where the addon for this machine should be, by the package's real path; null without the package. */
export function onnxRuntimeBinding(root: string): string | null {
  try {
    return bindingIn(Deno.realPathSync(onnxRuntimePackage(root)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function bindingIn(folder: string): string {
  const architecture = ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch;
  return join(folder, "bin", "napi-v6", Deno.build.os, architecture, "onnxruntime_binding.node");
}

/**
 * Finds ONNX Runtime's addon for this machine. Needs to read
 * {@link onnxRuntimePackage} and the addon itself; loads nothing.
 *
 * @param root  Orion's own folder
 * @throws {LibraryError} `ONNXRUNTIME_MISSING`
 */
export function locateOnnxRuntime(root: string): OnnxRuntimePlace {
  const architecture = ARCHITECTURES[Deno.build.arch] ?? Deno.build.arch;
  const named = onnxRuntimePackage(root);
  try {
    const binding = bindingIn(Deno.realPathSync(named));
    Deno.statSync(binding);
    return { binding, folder: dirname(binding) };
  } catch (error) {
    throw new LibraryError({
      code: "ONNXRUNTIME_MISSING",
      message: `Cannot find ONNX Runtime for ${Deno.build.os} ${architecture} in ${named}`,
      retryable: false,
      remedy: "Run `deno install` in Orion's folder.",
    }, { cause: error });
  }
}
