/** Judges who may use a file that holds a secret. */

/** Mode and owner of a file. */
export interface FileMode {
  /** The permission bits. */
  readonly bits: number;
  /** The id of the user it belongs to; null where files have none. */
  readonly uid: number | null;
}

const ROOT_UID = 0;

/** Bits that a file of any user but root must not have: all of group and others. */
const OWN_MASK = 0o077;

/** Bits that a file of root must not have: all but reading by its group, which the service's user is in. */
const ROOT_MASK = 0o037;

/**
 * Whether others than the service may use a file. A file of root may be read by its group, so that the
 * service can read what it cannot change; every other file is its owner's alone.
 */
export function isOpenToOthers({ bits, uid }: FileMode): boolean {
  return (bits & (uid === ROOT_UID ? ROOT_MASK : OWN_MASK)) !== 0;
}

/** How to restrict it, as a part of a sentence. */
export function restrictRemedy({ uid }: FileMode): string {
  return uid === ROOT_UID ? "give it Orion's group and chmod 640 it" : "chmod 600 it";
}
