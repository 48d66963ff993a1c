import { DenseSolver, roomFor } from "./dense_solver.ts";

/** Pairs for which there is room at first; there is more when more are needed. */
const PAIRS_AT_FIRST = 256;

/**
 * Pairs rows with columns, each at most once, so that the sum of the weights is the greatest.
 *
 * Only the pairs that were added can be chosen. They fall into groups that share no row and no column;
 * each is solved by itself, those of one row or column at once, the others by the Hungarian algorithm with
 * shortest augmenting paths (Jonker and Volgenant): n² m steps for n rows and m columns.
 */
export class Assignment {
  #rows = 0;
  #pairs = 0;
  #rowOf = new Int32Array(PAIRS_AT_FIRST);
  #columnOf = new Int32Array(PAIRS_AT_FIRST);
  #weightOf = new Float64Array(PAIRS_AT_FIRST);
  /** The next pair of the same group. */
  #nextOf = new Int32Array(PAIRS_AT_FIRST);
  /** Rows, then columns: the node above in the tree of the group; a root is above itself. */
  #above = new Int32Array(0);
  /** The first pair of the group of a root; -1: none. */
  #firstOf = new Int32Array(0);
  /** The number of a node within its group; -1: none yet. */
  #indexOf = new Int32Array(0);
  readonly #solver = new DenseSolver();

  /** Forgets all pairs. */
  reset(rows: number, columns: number): void {
    const nodes = rows + columns;
    if (this.#above.length < nodes) {
      const room = roomFor(nodes);
      this.#above = new Int32Array(room);
      this.#firstOf = new Int32Array(room);
      this.#indexOf = new Int32Array(room);
    }
    for (let node = 0; node < nodes; node++) this.#above[node] = node;
    this.#firstOf.fill(-1, 0, nodes);
    this.#indexOf.fill(-1, 0, nodes);
    this.#rows = rows;
    this.#pairs = 0;
  }

  /** Adds a pair that may be chosen; `weight` is above 0. */
  add(row: number, column: number, weight: number): void {
    if (!(weight > 0)) return;
    const pair = this.#pairs++;
    if (pair === this.#rowOf.length) this.#grow();
    this.#rowOf[pair] = row;
    this.#columnOf[pair] = column;
    this.#weightOf[pair] = weight;
    const one = this.#root(row);
    const other = this.#root(this.#rows + column);
    if (one !== other) this.#above[other] = one;
  }

  /** Calls `onPair` with every chosen pair. */
  solve(onPair: (row: number, column: number) => void): void {
    // Backwards, so that the pairs of a group stand in the order in which they were added.
    for (let pair = this.#pairs - 1; pair >= 0; pair--) {
      const root = this.#root(this.#rowOf[pair] ?? 0);
      this.#nextOf[pair] = this.#firstOf[root] ?? -1;
      this.#firstOf[root] = pair;
    }
    for (let pair = 0; pair < this.#pairs; pair++) {
      const root = this.#root(this.#rowOf[pair] ?? 0);
      const first = this.#firstOf[root] ?? -1;
      if (first !== -1) this.#solveGroup(first, onPair);
      this.#firstOf[root] = -1;
    }
  }

  #solveGroup(first: number, onPair: (row: number, column: number) => void): void {
    let rows = 0;
    let columns = 0;
    let best = first;
    for (let pair = first; pair !== -1; pair = this.#nextOf[pair] ?? -1) {
      const row = this.#rowOf[pair] ?? 0;
      const column = this.#rows + (this.#columnOf[pair] ?? 0);
      if (this.#indexOf[row] === -1) this.#indexOf[row] = rows++;
      if (this.#indexOf[column] === -1) this.#indexOf[column] = columns++;
      if ((this.#weightOf[pair] ?? 0) > (this.#weightOf[best] ?? 0)) best = pair;
    }
    if (rows === 1 || columns === 1) {
      onPair(this.#rowOf[best] ?? 0, this.#columnOf[best] ?? 0);
      return;
    }
    const isTurned = rows > columns;
    const solver = this.#solver;
    if (isTurned) solver.reset(columns, rows);
    else solver.reset(rows, columns);
    for (let pair = first; pair !== -1; pair = this.#nextOf[pair] ?? -1) {
      const row = this.#indexOf[this.#rowOf[pair] ?? 0] ?? 0;
      const column = this.#indexOf[this.#rows + (this.#columnOf[pair] ?? 0)] ?? 0;
      const weight = this.#weightOf[pair] ?? 0;
      if (isTurned) solver.set(column, row, weight);
      else solver.set(row, column, weight);
    }
    solver.solve();
    for (let pair = first; pair !== -1; pair = this.#nextOf[pair] ?? -1) {
      const row = this.#rowOf[pair] ?? 0;
      const column = this.#columnOf[pair] ?? 0;
      const rowIndex = this.#indexOf[row] ?? 0;
      const columnIndex = this.#indexOf[this.#rows + column] ?? 0;
      const isChosen = isTurned
        ? solver.isChosen(columnIndex, rowIndex)
        : solver.isChosen(rowIndex, columnIndex);
      if (isChosen) onPair(row, column);
    }
  }

  #root(node: number): number {
    let at = node;
    for (;;) {
      const above = this.#above[at] ?? at;
      if (above === at) return at;
      // Halves the path for the next time.
      const next = this.#above[above] ?? above;
      this.#above[at] = next;
      at = next;
    }
  }

  #grow(): void {
    const room = 2 * this.#rowOf.length;
    this.#rowOf = enlarged(this.#rowOf, new Int32Array(room));
    this.#columnOf = enlarged(this.#columnOf, new Int32Array(room));
    this.#weightOf = enlarged(this.#weightOf, new Float64Array(room));
    this.#nextOf = enlarged(this.#nextOf, new Int32Array(room));
  }
}

function enlarged<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
