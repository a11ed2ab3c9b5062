/** What sends frames into a cable, and what recognises them on the other side. */
export interface FrameSource {
  /** Length of the next frame, without FCS. */
  nextLength(): number;
  /** Writes the next frame at `address` and goes on to the one after. */
  render(address: number): void;
  /** The next frame is lost before the card: goes on without writing it. */
  skip(): void;
}

/** Bits of a verdict on one frame. */
export const FRAME_OK = 0;
export const FRAME_DAMAGED = 1;
/** Frames of the flow before this one are missing. */
export const FRAME_GAP = 2;
/** Older than expected: seen before, or overtaken. */
export const FRAME_OLD = 4;

export interface FrameChecker {
  /** Which flow and number the last frame had, as far as it could be told; flow -1 when it could not. */
  flow: number;
  sequence: number;
  /** With FRAME_GAP: how many are missing before it. */
  missing: number;
  /** Of the last frame that `checkRun` stopped at. */
  verdict: number;
  /** Lengths of all frames that it has checked, added up; whoever reads it sets it back. */
  octets: number;
  /**
   * The frame comes once more, and so do all later ones of its flow: if it has been checked it is expected again. Of
   * places that a frame does not tell itself an undo log is kept.
   */
  revert(address: number): void;
  /** Compares the frame with what was sent, and its place in its flow. */
  check(address: number, length: number): number;
  /**
   * Checks frames in a row, each as `check` does: number i lies at `base + (places[i] << shift)`. Returns the first
   * from `from` on that is not well, with its verdict in `verdict`, or `to`.
   */
  checkRun(
    places: Int32Array,
    lengths: Int32Array,
    from: number,
    to: number,
    base: number,
    shift: number,
  ): number;
}
