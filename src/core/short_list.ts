/** Items that a message names. */
const MAX_NAMED = 3;

/** Lists items for a message: "a, b, c and 4 more". */
export function shortList(items: readonly string[]): string {
  const more = items.length - MAX_NAMED;
  return items.slice(0, MAX_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
