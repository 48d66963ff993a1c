/** Ids that `init` makes of names. */

/** Bounds of an id, and of its parts: a name, what distinguishes two, and a number. */
const MAX_ID_LENGTH = 64;
const MAX_NAME_LENGTH = 40;
const MAX_FURTHER_LENGTH = 16;

/** An id of any text: `Front_Door` is `front-door`; "" where nothing of it can be part of one. */
export function idOf(text: string, maxLength: number = MAX_ID_LENGTH): string {
  const id = text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+/, "");
  return id.slice(0, maxLength).replace(/-+$/, "");
}

/** A name, and what distinguishes it from others of the same. */
export interface Wanted {
  readonly wanted: string;
  readonly further?: string;
}

/**
 * Makes ids of names, in their order. Those of one name get what is further known of each, and a number
 * where that does not distinguish them.
 */
export function uniqueIds(names: readonly Wanted[], otherwise = "camera"): string[] {
  const bases = names.map(({ wanted }) => idOf(wanted, MAX_NAME_LENGTH) || otherwise);
  const used = new Set<string>();
  return names.map(({ further = "" }, index) => {
    const base = bases[index] ?? otherwise;
    const isShared = bases.filter((each) => each === base).length > 1;
    const wanted = isShared ? idOf(`${base}-${idOf(further, MAX_FURTHER_LENGTH)}`) : base;
    let id = wanted;
    for (let count = 2; used.has(id); count++) id = `${wanted}-${count}`;
    used.add(id);
    return id;
  });
}
