/** Frames that one queue handles at a time, and segments of the longest frame on top. */
const MAX_BURST_FRAMES = 256;
const MAX_FRAME_SEGMENTS = 8;

/** A burst of received segments: buffer numbers, lengths, and which segment ends a frame. Reused, never allocated per burst. */
export class Burst {
  static readonly CAPACITY = MAX_BURST_FRAMES + MAX_FRAME_SEGMENTS;
  readonly buffers = new Int32Array(Burst.CAPACITY);
  readonly lengths = new Int32Array(Burst.CAPACITY);
  /** 1: last segment of its frame. */
  readonly ends = new Uint8Array(Burst.CAPACITY);
  /** All of `ends` are 1: so they stay for the next burst of frames in one segment each. */
  whole = false;
  segments = 0;
  frames = 0;
  /** The burst is one frame on which the card reported an error: its data is not to be used. */
  bad = false;
  /** Where its first segment lay: in which of all receive rings that there have been, and the position in it, free-running. */
  ring = 0;
  position = 0;

  /**
   * Set by a driver that takes back the buffers of what the application takes, if that has done with them and says so
   * by `spent`, and does not put them into the pool. Who changes a burst on its way to the application clears it.
   */
  recycles = false;
  spent = false;

  /** `frames` frames of one segment each, whose buffers and lengths are there already. */
  fill(frames: number, position: number): void {
    if (!this.whole) {
      this.ends.fill(1);
      this.whole = true;
    }
    this.bad = false;
    this.segments = frames;
    this.frames = frames;
    this.position = position;
  }
}
