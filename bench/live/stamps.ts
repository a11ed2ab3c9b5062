/**
 * When each frame was due at the card, kept beside the frames and not in them: the hardware thread writes a frame's
 * time before it shows its descriptor, which publishes both; the application looks it up by flow and number.
 */
import { FLOW_OFFSET, SEQUENCE_OFFSET } from '../../src/hw/link/frames.ts';
import type { Memory } from '../../src/hw/memory.ts';

/** More than can be inside the card and its rings at a time. */
const STAMPS = 1 << 16;
const FLOW_WORD = FLOW_OFFSET >>> 2;
const FLOW_SHIFT = 8 * (FLOW_OFFSET & 3);
const SEQUENCE_WORD = SEQUENCE_OFFSET >>> 2;

export class Stamps {
  private readonly timesUs: Float64Array;
  private readonly words: Int32Array;
  private readonly flows: number;

  /** Of a generated stream with so many flows, which take turns. */
  constructor(memory: Memory, buffer: SharedArrayBuffer, flows: number) {
    this.words = memory.words;
    this.timesUs = new Float64Array(buffer);
    this.flows = flows;
  }

  static buffer(): SharedArrayBuffer {
    return new SharedArrayBuffer(STAMPS * 8);
  }

  /** The frame that lies at `address`. */
  write(address: number, timeUs: number): void {
    this.timesUs[this.placeOf(address)] = timeUs;
  }

  read(address: number): number {
    return this.timesUs[this.placeOf(address)];
  }

  private placeOf(address: number): number {
    const frame = address >>> 2;
    const flow = this.words[frame + FLOW_WORD] >>> FLOW_SHIFT;
    return (Math.imul(this.words[frame + SEQUENCE_WORD], this.flows) + flow) & (STAMPS - 1);
  }
}
