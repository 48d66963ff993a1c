import type { Column } from "./columns.ts";
import type { Entry } from "./track_table.ts";

/** Of two pairs the better one is clear when the other costs this many times as much. */
const CLEAR_RATIO = 2;

/**
 * Chooses the pairs of which each is the other's nearest by far, so that no assignment of the others can
 * part them.
 */
export function chooseClear(
  rows: readonly Entry[],
  columns: readonly Column[],
  { cost, onPair }: {
    readonly cost: (entry: Entry, column: Column) => number;
    readonly onPair: (entry: Entry, column: Column) => void;
  },
): void {
  for (const node of [...rows, ...columns]) {
    node.nearest = -1;
    node.nearestCost = Infinity;
    node.secondCost = Infinity;
  }
  for (const [row, entry] of rows.entries()) {
    for (const [index, column] of columns.entries()) {
      const pairCost = cost(entry, column);
      if (pairCost === Infinity) continue;
      note(entry, index, pairCost);
      note(column, row, pairCost);
    }
  }
  for (const [row, entry] of rows.entries()) {
    const column = columns[entry.nearest];
    if (column?.nearest !== row) continue;
    const second = Math.min(entry.secondCost, column.secondCost);
    if (second >= CLEAR_RATIO * entry.nearestCost) onPair(entry, column);
  }
}

/** What is known of the costs of a track or a detection. */
type Node = Pick<Entry, "nearest" | "nearestCost" | "secondCost">;

function note(node: Node, other: number, cost: number): void {
  if (cost < node.nearestCost) {
    node.secondCost = node.nearestCost;
    node.nearestCost = cost;
    node.nearest = other;
  } else if (cost < node.secondCost) {
    node.secondCost = cost;
  }
}
