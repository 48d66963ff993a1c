/** What is learnt of a camera and holds for its next connection. */
export class CameraMemory {
  /** The media section that was chosen, while it sends; null: not chosen yet. */
  track: number | null = null;
  /** `transport: auto`: TCP was refused (461). */
  needsUdp = false;
  /**
   * A session ended when its time was up although it was kept alive by the method that the camera
   * names: from then on by all of them, in turn.
   */
  keepsAliveByAll = false;
}
