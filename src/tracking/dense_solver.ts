/**
 * The Hungarian algorithm on a matrix with at least as many columns as rows; its weights are ≥ 0.
 *
 * Source: Crouse, "On implementing 2D rectangular assignment algorithms", 2016.
 */
export class DenseSolver {
  #rows = 0;
  #columns = 0;
  #weights = new Float64Array(0);
  #rowPotential = new Float64Array(0);
  #columnPotential = new Float64Array(0);
  /** The chosen column of each row and the chosen row of each column; -1: none. */
  #columnOf = new Int32Array(0);
  #rowOf = new Int32Array(0);
  /** Of the present search: the length of the way to each column, and the row before it. */
  #length = new Float64Array(0);
  #before = new Int32Array(0);
  /** The columns: first those not reached yet, then those that were. */
  #order = new Int32Array(0);

  reset(rows: number, columns: number): void {
    this.#rows = rows;
    this.#columns = columns;
    if (this.#weights.length < rows * columns) {
      this.#weights = new Float64Array(roomFor(rows * columns));
    }
    if (this.#rowOf.length < columns) {
      const room = roomFor(columns);
      this.#rowPotential = new Float64Array(room);
      this.#columnPotential = new Float64Array(room);
      this.#columnOf = new Int32Array(room);
      this.#rowOf = new Int32Array(room);
      this.#length = new Float64Array(room);
      this.#before = new Int32Array(room);
      this.#order = new Int32Array(room);
    }
    this.#weights.fill(0, 0, rows * columns);
    this.#rowPotential.fill(0, 0, rows);
    this.#columnPotential.fill(0, 0, columns);
    this.#columnOf.fill(-1, 0, rows);
    this.#rowOf.fill(-1, 0, columns);
  }

  set(row: number, column: number, weight: number): void {
    this.#weights[row * this.#columns + column] = weight;
  }

  isChosen(row: number, column: number): boolean {
    return this.#columnOf[row] === column;
  }

  solve(): void {
    for (let row = 0; row < this.#rows; row++) {
      // Shifts the rows on the way to the free column, so that this one gets its place.
      for (let column = this.#nearestFree(row); column !== -1;) {
        const before = this.#before[column] ?? row;
        const freed = this.#columnOf[before] ?? -1;
        this.#rowOf[column] = before;
        this.#columnOf[before] = column;
        column = before === row ? -1 : freed;
      }
    }
  }

  /** The free column that is nearest to a row by reduced costs; leaves the way to it. */
  #nearestFree(start: number): number {
    const columns = this.#columns;
    for (let column = 0; column < columns; column++) this.#order[column] = column;
    this.#length.fill(Infinity, 0, columns);
    let unreached = columns;
    let row = start;
    let length = 0;
    for (;;) {
      const at = this.#nearest(row, { length, unreached });
      const column = this.#order[at] ?? 0;
      length = this.#length[column] ?? 0;
      unreached--;
      this.#order[at] = this.#order[unreached] ?? 0;
      this.#order[unreached] = column;
      const next = this.#rowOf[column] ?? -1;
      if (next === -1) {
        this.#raisePotentials(start, { length, unreached });
        return column;
      }
      row = next;
    }
  }

  /** Shortens the ways by one over `row`. @returns the place of the nearest column that was not reached */
  #nearest(
    row: number,
    { length, unreached }: { readonly length: number; readonly unreached: number },
  ): number {
    const from = row * this.#columns;
    const past = length - (this.#rowPotential[row] ?? 0);
    let nearest = 0;
    let shortest = Infinity;
    for (let at = 0; at < unreached; at++) {
      const column = this.#order[at] ?? 0;
      const way = past - (this.#weights[from + column] ?? 0) - (this.#columnPotential[column] ?? 0);
      let least = this.#length[column] ?? Infinity;
      if (way < least) {
        least = way;
        this.#length[column] = way;
        this.#before[column] = row;
      }
      // Of two as near a free one, which ends the search.
      const isNearer = least < shortest || (least === shortest && this.#rowOf[column] === -1);
      if (!isNearer) continue;
      shortest = least;
      nearest = at;
    }
    return nearest;
  }

  /** Keeps the reduced costs of all pairs ≥ 0, and of the chosen ones 0. */
  #raisePotentials(
    start: number,
    { length, unreached }: { readonly length: number; readonly unreached: number },
  ): void {
    this.#rowPotential[start] = (this.#rowPotential[start] ?? 0) + length;
    for (let at = unreached; at < this.#columns; at++) {
      const column = this.#order[at] ?? 0;
      const rest = length - (this.#length[column] ?? 0);
      this.#columnPotential[column] = (this.#columnPotential[column] ?? 0) - rest;
      const row = this.#rowOf[column] ?? -1;
      if (row !== -1) this.#rowPotential[row] = (this.#rowPotential[row] ?? 0) + rest;
    }
  }
}

/** A power of two, so that growing is rare. */
export function roomFor(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(16, count)));
}
