/** `orion check`: everything that can be found out before the service starts. */
import { errorData, OrionError } from "../core/errors.ts";
import {
  checkBroker,
  checkCamera,
  checkModel,
  type CheckParts,
} from "../service/workers/dry_run.ts";

/** One thing that was looked at. */
export interface Finding {
  /** What: `model person`, `camera gate`, `broker`. */
  readonly subject: string;
  /** What was found, in a few words; null when it failed. */
  readonly detail: string | null;
  /** What is wrong and what to do, or null. */
  readonly problem: { readonly message: string; readonly remedy: string } | null;
}

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

/** Loads every detector's model, one after the other: a small machine has no room for all at once. */
export async function checkModels(parts: CheckParts): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const detector of parts.settings.detectors) {
    findings.push(await findingOf(`model of ${detector.id}`, () => checkModel(parts, detector)));
  }
  return findings;
}

/** Opens every camera and the broker once, all at the same time. */
export function checkConnections(parts: CheckParts): Promise<Finding[]> {
  return Promise.all([
    ...parts.settings.cameras.map((camera) =>
      findingOf(`camera ${camera.id}`, () => checkCamera(parts, camera))
    ),
    findingOf("broker", () => checkBroker(parts)),
  ]);
}
