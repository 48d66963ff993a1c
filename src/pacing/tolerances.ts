/**
 * Every tolerance that decides when a frame or a keyframe is due.
 *
 * `…_FRAMES` are multiples of the camera's frame interval, `…_PART` fractions of the time they are
 * compared with.
 *
 * How they relate:
 *
 * - {@link EARLY_FRAMES} is the one definition of "due". The mailbox announces the first frame that comes
 *   no earlier than that before the due time; the decoder catches up for the same frame, and the reader
 *   schedules its next read for it. With different values one would prepare a frame that another does not
 *   deliver.
 * - {@link FRESH_FRAMES} is smaller. It applies to a frame that came too early to be announced: at the due
 *   time that frame is replaced only by one that is the nearer of the two.
 * - {@link LATE_KEYFRAME_FRAMES} is larger than the `1 - EARLY_FRAMES` by which the nearest frame may be
 *   late: the decoder accepts a later keyframe, because it can then skip every packet before it. Together
 *   with EARLY_FRAMES it stays below 2, so that when a detector becomes due the keyframe is the very next
 *   packet, within {@link NEAR_KEYFRAME_FRAMES}, and the decoder does not catch up just before it.
 * - `-`{@link OVERDUE_KEYFRAME_FRAMES} to {@link NEAR_KEYFRAME_FRAMES} is the window in which an expected
 *   keyframe is waited for; outside it a due detector makes the decoder catch up.
 * - {@link SAME_PERIOD_PART} is twice {@link ALIGNED_PERIOD_PART}. Where a period is as long as the
 *   keyframe interval within 1 %, decoding more than keyframes gains at most that 1 % of the rate; but due
 *   times are shifted towards keyframes only where the difference can be due to two clocks that drift
 *   apart.
 */

/** A frame that comes this much before a detector is due is delivered: the next one would be later. */
export const EARLY_FRAMES = 0.6;

/** At the due time a waiting frame is held back for a newer one that is expected this soon. */
export const FRESH_FRAMES = 0.5;

/** A keyframe this much after a detector is due replaces the frame before it. */
export const LATE_KEYFRAME_FRAMES = 0.75;

/** A keyframe that is expected this soon is waited for. */
export const NEAR_KEYFRAME_FRAMES = 1;

/**
 * A keyframe that is this late is not expected any more, since frames arrive unevenly. When other packets
 * arrive in its place that is known at once.
 */
export const OVERDUE_KEYFRAME_FRAMES = 2.5;

/** Where keyframes alone are decoded, the nearest to the due time is at most half an interval away. */
export const NEAREST_KEYFRAME_PART = 0.5;

/**
 * From this long before a detector is due every packet is decoded: a decoder with delay outputs a frame
 * only after the packets that follow it.
 */
export const WAKE_FRAMES = 6;

/** The decoder does not sleep for less than this, nor for less than that part of the keyframe interval. */
export const MIN_SLEEP_FRAMES = 1.5;
export const MIN_SLEEP_PART = 0.03;

/** Reading is not delayed for less than this: a wait for the next packet costs no timer. */
export const MIN_READ_DELAY_FRAMES = 1.5;

/** Keyframes further apart than this are large compared with the packets between them. */
export const RARE_KEYFRAME_FRAMES = 4;

/** Keyframe intervals are steady when the shortest differs from the longest by no more than this. */
export const STEADY_PART = 0.1;

/** A period that is shorter than the keyframe interval by no more than this is served by keyframes. */
export const SAME_PERIOD_PART = 0.01;

/** Due times are aligned with keyframes when period and cadence differ by no more than this. */
export const ALIGNED_PERIOD_PART = 0.005;

/** With each keyframe due times are shifted by no more than this part of the keyframe interval. */
export const MAX_SHIFT_PART = 0.01;

/** With more deliveries than this per keyframe interval due times are not aligned. */
export const MAX_ALIGNED_DELIVERIES = 32;

/**
 * Frames that are no further apart than the first need no timer at the due time: the frame that is due
 * arrives about then. The second is the delay of the fallback timer, in case it never does. A timer per
 * frame would mostly be cancelled, and wakes the thread even then.
 */
export const FRAME_DRIVEN_MS = 125;
export const FALLBACK_DELAY_MS = 250;
