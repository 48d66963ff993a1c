/** What `init` writes, read as `check` reads it. */
import assert from "node:assert/strict";
import { loadSettings } from "../../../../src/config/load.ts";
import type { Settings } from "../../../../src/config/settings.ts";
import { ROOT } from "../../../support/system/files.ts";

/** The settings of a configuration that was printed. @throws when `check` would refuse it */
export function settingsOf(text: string, env: (name: string) => string | undefined): Settings {
  assert.match(text, /^# yaml-language-server: \$schema=\/\S+\/schema\/orion\.schema\.json\n/);
  return loadSettings({
    path: "/etc/orion/orion.yaml",
    root: ROOT,
    env,
    readText: () => text,
  });
}

/** The variables that it says to set. */
export function variablesOf(text: string): string[] {
  return [...text.matchAll(/^# {3}export (\w+)='…' {2}# for \S/gm)].map(([, name = ""]) => name);
}
