/** Which libav the tests run against: the machine's own, or one in a folder that a variable names. */
import type { LibavPaths } from "../../../src/core/camera_types.ts";
import { locateLibav } from "../../../src/libav/locate.ts";

/** Names a folder that holds the libraries of one release. */
export const LIBAV_FOLDER_VARIABLE = "ORION_TEST_LIBAV";

/** The libraries in the folder that the variable names; null when it is not set, or may not be read. */
export function locateChosenLibav(): LibavPaths | null {
  const name = LIBAV_FOLDER_VARIABLE;
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  const folder = state === "granted" ? Deno.env.get(name) : undefined;
  return folder === undefined || folder === "" ? null : locateLibav({ folders: [folder] });
}
