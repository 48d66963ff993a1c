/** The key of what is kept for a camera and a detector. */
export function pairKey(camera: string, detector: string): string {
  return `${camera}/${detector}`;
}
