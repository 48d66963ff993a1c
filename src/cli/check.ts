/** `orion check`: validates models and connections without starting the service. */
import { errorData, OrionError } from "../core/errors.ts";
import {
  checkBroker,
  checkCamera,
  checkModel,
  type CheckParts,
} from "../service/workers/dry_run.ts";

/** The result of one check. */
export interface Finding {
  /** `model of person`, `camera gate`, `broker`. */
  readonly subject: string;
  /** A few words on success; null when it failed. */
  readonly detail: string | null;
  /** The error and its remedy, or null. */
  readonly problem: { readonly message: string; readonly remedy: string } | null;
}

/** Runs a check and turns its result, or the error it throws, into a finding. */
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

/** Formats a finding for printing. */
export function findingText(finding: Finding): string {
  if (finding.problem === null) return `ok: ${finding.subject}: ${finding.detail ?? ""}\n`;
  const { message, remedy } = finding.problem;
  return `error: ${finding.subject}: ${message}\n  → ${remedy}\n`;
}

/** Whether the kernel can confine native code as configured. */
export async function checkConfinement({ settings, places }: CheckParts): Promise<Finding> {
  const { checkKernel, confinementSummary, offeredAbi } = await import(
    "../service/kernel_check.ts"
  );
  return await findingOf("confinement", () => {
    const abi = offeredAbi(places);
    checkKernel(settings, abi);
    return confinementSummary(settings, abi);
  });
}

/** Loads every detector's model, one after the other: a small machine cannot hold all at once. */
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
