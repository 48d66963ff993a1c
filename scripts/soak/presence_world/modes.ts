/** What a simulated walker may be doing, and how often that changes. */
import { SPEED } from "../../../tests/support/presence/walkers.ts";

/** Speeds to either side, in heights per second. */
export const SPEEDS = Array.from(
  { length: 5 },
  (_, index) => SPEED.least + (SPEED.most - SPEED.least) * (index + 0.5) / 5,
);
/** Of a walker in sight; the same again for one who is hidden. */
export const VELOCITIES: readonly number[] = [...SPEEDS.map((speed) => -speed), 0, ...SPEEDS];
export const SEEN_MODES = VELOCITIES.length;
export const MODES = 2 * SEEN_MODES;
export const GONE = { left: MODES, right: MODES + 1 } as const;

/** How often a walker in sight, one who stands and one who is hidden does another thing, per second. */
const CHANGES = { walking: 0.25, standing: 0.125, hidden: 0.5 } as const;
/** What comes next: walks, stands, walks or stands behind a thing. */
const NEXT = {
  seen: { walks: 0.55, stands: 0.15, walksHidden: 0.15, standsHidden: 0.15 },
  hidden: { walks: 0.65, stands: 0.1, walksHidden: 0.125, standsHidden: 0.125 },
} as const;
/** The part of those who walk on the same way. */
const SAME_WAY = 0.65;
/** The rate at which each mode turns into each other one, per second. */
export const RATES: readonly (readonly number[])[] = Array.from({ length: MODES }, (_, from) => {
  const hidden = from >= SEEN_MODES;
  const velocity = VELOCITIES[from % SEEN_MODES] ?? 0;
  const next = hidden ? NEXT.hidden : NEXT.seen;
  const perSecond = hidden ? CHANGES.hidden : velocity === 0 ? CHANGES.standing : CHANGES.walking;
  return Array.from({ length: MODES }, (_, to) => {
    const way = VELOCITIES[to % SEEN_MODES] ?? 0;
    const [walks, stands] = to < SEEN_MODES
      ? [next.walks, next.stands]
      : [next.walksHidden, next.standsHidden];
    if (way === 0) return perSecond * stands;
    const share = velocity === 0 ? 0.5 : way * velocity > 0 ? SAME_WAY : 1 - SAME_WAY;
    return perSecond * walks * share / SPEEDS.length;
  });
});

/** How often each mode turns into any other one, per second. */
export const CHANGE_RATES: readonly number[] = RATES.map((rates) =>
  rates.reduce((sum, rate) => sum + rate, 0)
);
