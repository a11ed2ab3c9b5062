import { Lines } from '../pace.ts';

/**
 * Whose turn it is: the hardware fills the rings, then the CPU empties them, never both at once. So what the CPU
 * takes for a frame is timed alone, with the frames in the other core's cache as they would be.
 */
const TURN = 0;
const LINES_OFFSET = 128;
export const HARDWARE = 0;
export const CPU = 1;
/** The trial is over: the hardware goes back to its messages. */
export const NOBODY = 2;

export class Turns {
  /** Written by the hardware before it gives a turn to the CPU. */
  readonly lines: Lines;
  private readonly words: Int32Array;

  constructor(buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.lines = new Lines(buffer, LINES_OFFSET);
  }

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(LINES_OFFSET + Lines.BYTES);
  }

  /** Publishes to the other side all that this one has done. */
  give(turn: number): void {
    Atomics.store(this.words, TURN, turn);
  }

  now(): number {
    return Atomics.load(this.words, TURN);
  }

  /** Spins until it is not the other side's turn any more. Both sides have a core, and turns are short. */
  await(other: number): number {
    for (;;) {
      const turn = Atomics.load(this.words, TURN);
      if (turn !== other) return turn;
    }
  }
}
