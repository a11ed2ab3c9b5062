/** The least that shows a loss, a repetition or a reordering: is this frame the next one? For loops written by hand. */

import type { CardLayout } from '../../src/host/machine.ts';
import type { CapturedStream } from '../../src/hw/link/captured.ts';
import { FLOW_OFFSET, frameBytes, SEQUENCE_OFFSET } from '../../src/hw/link/frames.ts';
import type { GeneratedStream } from '../../src/hw/link/generated.ts';
import { FRAME_OK, type FrameChecker } from '../../src/hw/link/source.ts';
import { makeChecker, type Stream } from '../../src/hw/link/stream.ts';
import type { Memory } from '../../src/hw/memory.ts';

/** `frame` is a word index. 0 if it is, 1 if not; either way the one after it comes next. */
export interface Order {
  wrong(frame: number, length: number): number;
}

export function orderOf(memory: Memory, stream: Stream): Order {
  return stream.kind === 'generated' ? new FlowOrder(memory, stream) : new CaptureOrder(memory, stream);
}

/** All that the ledger looks at, and as often: what it costs a loop written by hand. */
export function ledgerOf(memory: Memory, { stream, deliveryState, lossy, wholeOneIn }: CardLayout): Order {
  return new LedgerOrder(makeChecker(memory, stream, deliveryState, { mirrored: false, lossy, wholeOneIn }));
}

const FLOW_WORD = FLOW_OFFSET >>> 2;
const FLOW_SHIFT = 8 * (FLOW_OFFSET & 3);
const SEQUENCE_WORD = SEQUENCE_OFFSET >>> 2;

class FlowOrder implements Order {
  private readonly words: Int32Array;
  private readonly next: Int32Array;
  private readonly length: number;

  constructor({ words }: Memory, { flows, sizes }: GeneratedStream) {
    this.words = words;
    this.next = new Int32Array(flows);
    this.length = frameBytes(sizes[0]);
  }

  wrong(frame: number, length: number): number {
    const { words, next } = this;
    const flow = words[frame + FLOW_WORD] >>> FLOW_SHIFT;
    const sequence = words[frame + SEQUENCE_WORD];
    const right = sequence === next[flow] && length === this.length;
    next[flow] = (sequence + 1) | 0;
    return right ? 0 : 1;
  }
}

/** Address and length of each frame, as they lie in the memory. */
const ROW_WORDS = 3;
/** Behind the addresses: EtherType, and the IP header with its number and checksum. */
const FIRST_TELLING_WORD = 3;
const LAST_TELLING_WORD = 6;

/** With one queue frames come in the order of the capture. */
class CaptureOrder implements Order {
  private readonly words: Int32Array;
  private readonly first: number;
  private readonly end: number;
  private row: number;

  constructor({ words }: Memory, { rows, frames }: CapturedStream) {
    this.words = words;
    this.first = rows.address >>> 2;
    this.end = this.first + frames * ROW_WORDS;
    this.row = this.first;
  }

  wrong(frame: number, length: number): number {
    const { words, row } = this;
    const sent = words[row] >>> 2;
    let difference = words[row + 1] ^ length;
    for (let word = FIRST_TELLING_WORD; word <= LAST_TELLING_WORD; word++)
      difference |= words[frame + word] ^ words[sent + word];
    this.row = row + ROW_WORDS === this.end ? this.first : row + ROW_WORDS;
    return difference === 0 ? 0 : 1;
  }
}

class LedgerOrder implements Order {
  private readonly checker: FrameChecker;

  constructor(checker: FrameChecker) {
    this.checker = checker;
  }

  wrong(frame: number, length: number): number {
    return this.checker.check(frame << 2, length) === FRAME_OK ? 0 : 1;
  }
}
