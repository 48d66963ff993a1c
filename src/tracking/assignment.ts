/** Optimal assignment of tracks to detections. */

/** Pairs for which there is room at first; there is more when more are needed. */
const PAIRS_AT_FIRST = 256;

/**
 * Pairs rows with columns, each at most once, so that the sum of the weights is the greatest.
 *
 * Only the pairs that were added can be chosen. They fall into groups that share no row and no column;
 * each is solved by itself, those of one row or column at once, the others by the Hungarian algorithm with
 * shortest augmenting paths (Jonker and Volgenant), n² m for n rows and m columns.
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

/** The Hungarian algorithm on a matrix with at least as many columns as rows; its weights are ≥ 0. */
class DenseSolver {
  #rows = 0;
  #columns = 0;
  #weights = new Float64Array(0);
  /** The potentials, the chosen row and the way back of each column; column and row 0 are the start. */
  #rowPotential = new Float64Array(0);
  #columnPotential = new Float64Array(0);
  #rowAt = new Int32Array(0);
  #back = new Int32Array(0);
  #least = new Float64Array(0);
  #isDone = new Uint8Array(0);

  reset(rows: number, columns: number): void {
    this.#rows = rows;
    this.#columns = columns;
    if (this.#weights.length < rows * columns) {
      this.#weights = new Float64Array(roomFor(rows * columns));
    }
    if (this.#rowAt.length <= columns) {
      const room = roomFor(columns + 1);
      this.#rowPotential = new Float64Array(room);
      this.#columnPotential = new Float64Array(room);
      this.#rowAt = new Int32Array(room);
      this.#back = new Int32Array(room);
      this.#least = new Float64Array(room);
      this.#isDone = new Uint8Array(room);
    }
    this.#weights.fill(0, 0, rows * columns);
    this.#rowPotential.fill(0, 0, rows + 1);
    this.#columnPotential.fill(0, 0, columns + 1);
    this.#rowAt.fill(0, 0, columns + 1);
  }

  set(row: number, column: number, weight: number): void {
    this.#weights[row * this.#columns + column] = weight;
  }

  isChosen(row: number, column: number): boolean {
    return this.#rowAt[column + 1] === row + 1;
  }

  solve(): void {
    for (let row = 1; row <= this.#rows; row++) {
      let column = this.#nearestFree(row);
      // Shifts the rows along the way, so that the new one gets its place.
      while (column !== 0) {
        const back = this.#back[column] ?? 0;
        this.#rowAt[column] = this.#rowAt[back] ?? 0;
        column = back;
      }
    }
  }

  /** The free column that is nearest to a row by reduced costs; leaves the way to it. */
  #nearestFree(row: number): number {
    this.#rowAt[0] = row;
    this.#least.fill(Infinity, 0, this.#columns + 1);
    this.#isDone.fill(0, 0, this.#columns + 1);
    let at = 0;
    do {
      this.#isDone[at] = 1;
      at = this.#step(at);
    } while (this.#rowAt[at] !== 0);
    return at;
  }

  /** Goes to the nearest column that was not reached yet. */
  #step(at: number): number {
    const row = this.#rowAt[at] ?? 0;
    const from = (row - 1) * this.#columns - 1;
    const rowPotential = this.#rowPotential[row] ?? 0;
    let shortest = Infinity;
    let nearest = 0;
    for (let column = 1; column <= this.#columns; column++) {
      if (this.#isDone[column] === 1) continue;
      const cost = -(this.#weights[from + column] ?? 0) - rowPotential -
        (this.#columnPotential[column] ?? 0);
      if (cost < (this.#least[column] ?? Infinity)) {
        this.#least[column] = cost;
        this.#back[column] = at;
      }
      const least = this.#least[column] ?? Infinity;
      if (least < shortest) {
        shortest = least;
        nearest = column;
      }
    }
    for (let column = 0; column <= this.#columns; column++) {
      if (this.#isDone[column] === 1) {
        const chosen = this.#rowAt[column] ?? 0;
        this.#rowPotential[chosen] = (this.#rowPotential[chosen] ?? 0) + shortest;
        this.#columnPotential[column] = (this.#columnPotential[column] ?? 0) - shortest;
      } else {
        this.#least[column] = (this.#least[column] ?? 0) - shortest;
      }
    }
    return nearest;
  }
}

/** A power of two, so that growing is rare. */
function roomFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(16, count)));
}

function enlarged<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
