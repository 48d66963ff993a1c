/** What earlier sessions revealed about a camera, for its next session. */
export class CameraHints {
  /** Index of the media section that was selected, as long as it sends; null: none yet. */
  trackIndex: number | null = null;
  /** What the camera last described, as text; "": nothing yet. */
  #description = "";
  /** `transport: auto`: the camera refused TCP (461 Unsupported Transport). */
  requiresUdp = false;
  /**
   * A session expired although it was kept alive by the method that the camera announces: from then on
   * keepalives alternate between all methods.
   */
  alternatesKeepAlive = false;
  /** Over TCP it takes a receiver report for a request, and closes the connection: no more are sent. */
  refusesReports = false;

  /** Forgets the selected track if the camera describes other tracks than before: it was set up anew. */
  described(description: string): void {
    if (this.#description !== "" && description !== this.#description) this.trackIndex = null;
    this.#description = description;
  }

  /** Forgets what makes a connection differ from the first one, when that may be why it failed. */
  forgetSetUp(): void {
    this.trackIndex = null;
    this.requiresUdp = false;
  }
}
