import type { Confinement, ConfinementState } from "../core/confinement.ts";
import { cannotConfine } from "./errors.ts";
import { Helpers } from "./helpers.ts";
import {
  AT_FDCWD,
  type CallNumbers,
  callNumbers,
  fixedBuffer,
  type Kernel,
  LANDLOCK_ADD_RULE,
  LANDLOCK_CREATE_RULESET,
  LANDLOCK_RESTRICT_SELF,
  O_CLOEXEC,
  PR_SET_NO_NEW_PRIVS,
} from "./kernel.ts";
import { DNS_PORT, RESOLVER_FILES, RESOLVER_LIBRARIES } from "./resolver.ts";
import {
  enforcedBy,
  type Handled,
  handledBy,
  NET_ABI,
  pathAttribute,
  type PathRule,
  pathRules,
  portAttribute,
  rulesetAttribute,
} from "./ruleset.ts";

const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const RULE_NET_PORT = 2;
const O_PATH = 0o10000000;

/** The version of Landlock that the kernel offers; 0 without Landlock. */
export function landlockAbi(kernel: Kernel): number {
  return Math.max(0, kernel.call(LANDLOCK_CREATE_RULESET, 0, 0, CREATE_RULESET_VERSION));
}

/** @throws {ConfinementError} `CONFINEMENT` when this version does not limit both files and connections */
export function requireAbi(abi: number): void {
  if (abi >= NET_ABI) return;
  throw cannotConfine(
    abi === 0
      ? "this kernel offers no Landlock"
      : `this kernel's Landlock has version ${abi}, which does not limit connections`,
  );
}

/**
 * Confines this thread, its helpers, and every thread that they start from now on. It cannot be undone.
 *
 * Descriptors that are open stay usable, and so do libraries that are loaded.
 *
 * @throws {ConfinementError} `CONFINEMENT` when the kernel has Landlock and refuses to apply it
 */
export async function confineThread(
  kernel: Kernel,
  confinement: Confinement,
): Promise<ConfinementState> {
  const abi = landlockAbi(kernel);
  const numbers = callNumbers();
  if (abi === 0 || numbers === null) return { abi: 0, enforced: [] };
  const handled = handledBy(abi);
  const { buffer, bytes } = rulesetAttribute(handled);
  const ruleset = checked(
    "landlock_create_ruleset",
    kernel.call(LANDLOCK_CREATE_RULESET, buffer, bytes, 0),
  );
  try {
    using helpers = await Helpers.find(kernel, numbers);
    addRules(kernel, numbers, { ruleset, handled, confinement });
    checked("prctl", kernel.call(numbers.prctl, PR_SET_NO_NEW_PRIVS, 1));
    checked("landlock_restrict_self", kernel.call(LANDLOCK_RESTRICT_SELF, ruleset, 0));
    if (!await helpers.confine(ruleset)) {
      throw cannotConfine("a helper thread could not be confined");
    }
    return { abi, enforced: enforcedBy(handled) };
  } finally {
    kernel.call(numbers.close, ruleset);
  }
}

function addRules(
  kernel: Kernel,
  numbers: CallNumbers,
  { ruleset, handled, confinement }: {
    readonly ruleset: number;
    readonly handled: Handled;
    readonly confinement: Confinement;
  },
): void {
  const { read, devices, resolves, ports } = confinement;
  const all = resolves ? [...read, ...RESOLVER_FILES, ...RESOLVER_LIBRARIES] : read;
  for (const rule of pathRules({ read: all, devices }, handled)) {
    addPath(kernel, numbers, ruleset, rule);
  }
  if (handled.net === 0n) return;
  for (const port of new Set(resolves ? [...ports, DNS_PORT] : ports)) {
    const added = kernel.call(LANDLOCK_ADD_RULE, ruleset, RULE_NET_PORT, portAttribute(port), 0);
    checked("landlock_add_rule", added);
  }
}

/** Permits a path. One that does not exist, or that this user cannot reach, is skipped. */
function addPath(
  kernel: Kernel,
  { openat, close }: CallNumbers,
  ruleset: number,
  { path, rights, onFile }: PathRule,
): void {
  const descriptor = kernel.call(openat, AT_FDCWD, fixedBuffer(path), O_PATH | O_CLOEXEC);
  if (descriptor < 0) return;
  try {
    const add = (some: bigint) => {
      const attribute = pathAttribute(some, descriptor);
      return kernel.call(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, attribute, 0);
    };
    // Rights of folders are refused (EINVAL) where the path is a file.
    if (add(rights) < 0) checked("landlock_add_rule", add(onFile));
  } finally {
    kernel.call(close, descriptor);
  }
}

function checked(name: string, result: number): number {
  if (result >= 0) return result;
  throw cannotConfine(`${name} failed with errno ${-result}`);
}
