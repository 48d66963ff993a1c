/** `orion check`: everything that can be found out before the service starts. */
import { errorData, OrionError } from "../core/errors.ts";
import type { Settings } from "../config/settings.ts";
import type { Manifest } from "../permissions/manifest.ts";
import type { Places } from "../permissions/places.ts";

/** One thing that was looked at. */
export interface Finding {
  /** What: `model person`, `camera gate`, `broker`. */
  readonly subject: string;
  /** What was found, in a few words; null when it failed. */
  readonly detail: string | null;
  /** What is wrong and what to do, or null. */
  readonly problem: { readonly message: string; readonly remedy: string } | null;
}

/** What a check may use. */
export interface CheckContext {
  readonly settings: Settings;
  readonly places: Places;
  readonly manifest: Manifest;
}

/** Looks at one kind of thing; never throws for what it looks at. */
export type Check = (context: CheckContext) => Promise<readonly Finding[]>;

/** A finding from an action: what it says when it works, what it throws when not. */
export async function findingOf(
  subject: string,
  act: () => string | Promise<string>,
): Promise<Finding> {
  try {
    return { subject, detail: await act(), problem: null };
  } catch (error) {
    if (!(error instanceof OrionError)) throw error;
    const { message, remedy } = errorData(error);
    return { subject, detail: null, problem: { message, remedy } };
  }
}

/** A finding as the command prints it. */
export function findingText(finding: Finding): string {
  if (finding.problem === null) return `ok: ${finding.subject}: ${finding.detail ?? ""}\n`;
  const { message, remedy } = finding.problem;
  return `error: ${finding.subject}: ${message}\n  → ${remedy}\n`;
}
