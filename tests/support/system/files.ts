/** Folders and paths for tests. */
import { fileURLToPath } from "node:url";

/** The root of the checkout, absolute, without a slash at its end. */
export const ROOT: string = fileURLToPath(new URL("../../../", import.meta.url)).replace(/\/$/, "");

/** Two people in every frame: 1280×720, 25 frames a second, 12 seconds. */
export const TWO_PEOPLE_CLIP = `${ROOT}/tests/support/clips/two_people/clip.mp4`;

/** The demo's clip, in which people come and go: 1280×720, 25 frames a second, 22 seconds. */
export const DEMO_CLIP = `${ROOT}/assets/demo.mp4`;

/** Where the people of the demo's clip are, frame by frame. */
export const DEMO_TRUTH = `${ROOT}/assets/demo.json`;

/** A folder that is removed at the end of its block: `using folder = tempFolder()`. */
export interface TempFolder extends Disposable {
  /** Absolute. */
  readonly path: string;
  /** Writes a file into the folder and returns its path. */
  write(name: string, content: string | Uint8Array): string;
}

/** Makes an empty folder below the system's folder for temporary files. */
export function tempFolder(): TempFolder {
  const path = Deno.makeTempDirSync({ prefix: "orion-test-" });
  return {
    path,
    write(name, content) {
      const file = `${path}/${name}`;
      Deno.mkdirSync(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      if (typeof content === "string") Deno.writeTextFileSync(file, content);
      else Deno.writeFileSync(file, content);
      return file;
    },
    [Symbol.dispose]() {
      try {
        Deno.removeSync(path, { recursive: true });
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

/** Runs a script of the shell with arguments, `$1` and so on: Deno makes links and pipes only with full rights. */
export async function shell(script: string, ...args: readonly string[]): Promise<void> {
  const command = new Deno.Command("sh", { args: ["-c", script, "sh", ...args], stderr: "piped" });
  const { success, stderr } = await command.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
