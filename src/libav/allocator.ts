import type { Calls } from "./pointers.ts";
import type { LIBC } from "./symbols/libc.ts";

/** `M_MMAP_THRESHOLD` of glibc. */
const MMAP_THRESHOLD = -3;
/** Pictures of 1080p and more are larger. */
const LARGE_BYTES = 1024 * 1024;

/**
 * Has the C library ask the kernel for each large block, and give it back when it is freed. By itself it
 * keeps blocks of up to 32 MiB once some were freed: a stream that changed its size then held the memory
 * of all sizes it had had.
 */
export function returnLargeBlocks(libc: Pick<Calls<typeof LIBC>, "mallopt">): void {
  libc.mallopt(MMAP_THRESHOLD, LARGE_BYTES);
}
