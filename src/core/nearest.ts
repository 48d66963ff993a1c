/** Suggestions for mistyped names. */

/** Longer names are truncated: the edit distance takes quadratic time. */
const MAX_COMPARED_LENGTH = 64;

/**
 * Finds the name among `known` that is nearest to `name`, ignoring case.
 *
 * A name is near when at most a third of its letters, and at least one, have to be edited.
 * @returns null when none is near
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  const wanted = comparable(name);
  let nearest: string | null = null;
  let leastDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, comparable(candidate));
    if (distance < leastDistance) [nearest, leastDistance] = [candidate, distance];
  }
  return nearest;
}

/** Returns the remedy for an unknown name: the nearest known one, else all of them. */
export function suggestName(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  if (nearest !== null) return `Did you mean "${nearest}"?`;
  if (known.length === 0) return "Remove it.";
  return `Use one of: ${known.join(", ")}.`;
}

function comparable(name: string): string {
  return name.slice(0, MAX_COMPARED_LENGTH).toLowerCase();
}

/**
 * Counts the letters to insert, delete, replace or swap with their neighbour to turn one word into the
 * other (optimal string alignment). Swaps count once, since they are the commonest typing error: npm's
 * edit-distance packages mostly count two, which loses "presno" for "person".
 */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      const replaced = (previous[column - 1] ?? 0) + (same ? 0 : 1);
      const shifted = Math.min(previous[column] ?? 0, current[column - 1] ?? 0) + 1;
      const crossed = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const swapped = crossed ? (beforePrevious[column - 2] ?? Infinity) + 1 : Infinity;
      current.push(Math.min(replaced, shifted, swapped));
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
