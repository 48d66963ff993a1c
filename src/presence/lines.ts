/** Lines: when an object crosses one, and in which direction. */
import type { BoxPx, PointNorm, PointPx, SizePx } from "../core/geometry.ts";
import type { Crossing, Line } from "../core/presence_types.ts";
import { bottomCentre, distancePx, meet, side } from "./points.ts";

/** An object has changed sides when it is this part of its height beyond the line: jitter is no crossing. */
const BEYOND_HEIGHTS = 0.1;

/** The side of a line that one object is on, and where in the picture it was last seen there. */
interface LineSide {
  side: Crossing["direction"] | null;
  from: PointNorm;
}

/** The lines of one camera, followed by one object. */
export class LineWatch {
  readonly #sides = new Map<Line, LineSide>();

  /**
   * Follows the object to a new place.
   * @param confirmed  false: it crosses nothing yet; once it is, it has come from where it was first seen
   * @returns the lines that it has crossed
   */
  move(
    lines: readonly Line[],
    at: { readonly box: BoxPx; readonly size: SizePx; readonly confirmed: boolean },
  ): readonly Pick<Crossing, "line" | "direction">[] {
    if (lines.length === 0) return NONE;
    const foot = bottomCentre(at.box);
    // In fractions of the picture, whose size may change.
    const place = { x: foot.x / at.size.width, y: foot.y / at.size.height };
    const crossed: Pick<Crossing, "line" | "direction">[] = [];
    for (const line of lines) {
      const segment = { from: inPx(line.from, at.size), to: inPx(line.to, at.size) };
      const beyondPx = side(foot, segment) / distancePx(segment);
      const direction = beyondPx < 0 ? "left" : "right";
      const known = this.#sides.get(line);
      if (known === undefined) {
        this.#sides.set(line, { side: beyondPx === 0 ? null : direction, from: place });
        continue;
      }
      known.side ??= direction;
      if (direction !== known.side) {
        const isBeyond = Math.abs(beyondPx) > BEYOND_HEIGHTS * at.box.height;
        if (!isBeyond || !at.confirmed) continue;
        // Around the end of the line it is no crossing.
        if (meet({ from: inPx(known.from, at.size), to: foot }, segment)) {
          crossed.push({ line: line.id, direction });
        }
        known.side = direction;
      }
      known.from = place;
    }
    return crossed;
  }

  /** Forgets lines that are gone. */
  retain(lines: readonly Line[]): void {
    for (const line of this.#sides.keys()) if (!lines.includes(line)) this.#sides.delete(line);
  }
}

function inPx({ x, y }: PointNorm, { width, height }: SizePx): PointPx {
  return { x: x * width, y: y * height };
}

const NONE: readonly Pick<Crossing, "line" | "direction">[] = [];
