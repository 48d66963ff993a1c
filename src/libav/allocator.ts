import type { Calls } from "./pointers.ts";
import type { LIBC } from "./symbols/libc.ts";

/** `M_MMAP_THRESHOLD` of glibc. */
const MMAP_THRESHOLD = -3;
/** Frames of 1080p and more are larger. */
const LARGE_BYTES = 1024 * 1024;

/**
 * Makes malloc map each large block separately and unmap it when it is freed. glibc raises the threshold
 * to up to 32 MiB once such blocks were freed, so that a stream that changes its frame size would keep
 * the memory of every size.
 */
export function returnLargeBlocks(libc: Pick<Calls<typeof LIBC>, "mallopt">): void {
  libc.mallopt(MMAP_THRESHOLD, LARGE_BYTES);
}
