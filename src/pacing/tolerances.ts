/**
 * A frame so early, in frames, is as near to the due time as the next one: of two that are equally far
 * it is the fresher news.
 */
export const EARLY_FRAMES = 0.6;
