import { landlockAbi, requireAbi } from "../confinement/landlock.ts";
import { enforcedBy, handledBy } from "../confinement/ruleset.ts";
import type { Settings } from "../config/settings.ts";
import { SystemCalls } from "../libav/system_calls.ts";
import type { Places } from "../permissions/places.ts";

/** The version of Landlock that the kernel offers; 0: none. */
export function offeredAbi({ libav }: Places): number {
  using kernel = new SystemCalls(libav.avutil);
  return landlockAbi(kernel);
}

/**
 * Checks before anything starts that the kernel can confine the workers as configured.
 * @throws {ConfinementError} `CONFINEMENT` when it is required and the kernel cannot
 */
export function checkKernel({ confinement }: Settings, abi: number): void {
  if (confinement.landlock === "required") requireAbi(abi);
}

/** Describes what this version will enforce, in a few words. */
export function confinementSummary({ confinement }: Settings, abi: number): string {
  if (confinement.landlock === "off") return "off: native code is not confined";
  const enforced = enforcedBy(handledBy(abi));
  return enforced.length === 0
    ? "none: this kernel offers no Landlock"
    : `Landlock ${abi} limits ${enforced.join(", ")}`;
}
