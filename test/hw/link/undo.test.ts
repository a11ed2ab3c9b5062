/** What was checked of a burst, whole or in part, is taken back exactly: flows stand where they stood before it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CapturedChecker, capturedStateBytes, layoutCaptured } from '../../../src/hw/link/captured.ts';
import {
  GeneratedChecker,
  generatedStateBytes,
  layoutGenerated,
  prepareGenerated,
} from '../../../src/hw/link/generated.ts';
import type { FrameChecker } from '../../../src/hw/link/source.ts';
import { makeSource, type Stream } from '../../../src/hw/link/stream.ts';
import { layoutUndo, UndoLog } from '../../../src/hw/link/undo.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';
import { packetFrame } from '../packets.ts';

const FRAMES = 40;
const STEP = 512;

interface Made {
  readonly memory: Memory;
  /** Where the frames lie, in their order, and how long each is. */
  readonly frames: readonly { readonly address: number; readonly length: number }[];
  readonly places: Int32Array;
  readonly checker: () => { readonly checker: FrameChecker; readonly undo: UndoLog };
}

/** Flows of equal frames and of others: three in a row of each are alike. */
function capturedFrames() {
  return Array.from({ length: FRAMES }, (_, i) => {
    const length = 64 + Math.floor(i / 6);
    const bytes = packetFrame({
      source: '10.0.0.1',
      destination: '10.0.0.2',
      sourcePort: 1 + (i % 2),
      length,
    });
    return { bytes, timeNs: i * 1000, originalLength: bytes.length };
  });
}

function make(kind: Stream['kind'], lossy: boolean): Made {
  const map = new MemoryMap();
  const captured = kind === 'captured' ? layoutCaptured(map, capturedFrames()) : undefined;
  const generated = layoutGenerated(map, [64, 128], 3);
  const stateBytes =
    captured === undefined ? generatedStateBytes(generated) : capturedStateBytes(captured.stream);
  const state = map.take(stateBytes);
  const log = layoutUndo(map, FRAMES);
  const first = map.take(FRAMES * STEP).address;
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  captured?.fill(memory);
  prepareGenerated(memory, generated, [2, 0, 0, 0, 0, 1], 1);
  const source = makeSource(memory, captured?.stream ?? generated);
  const frames = Array.from({ length: FRAMES }, (_, i) => {
    const address = first + i * STEP;
    const length = source.nextLength();
    source.render(address);
    return { address, length };
  });
  const checker = () => {
    const undo = new UndoLog(memory, log, state);
    const made =
      captured === undefined
        ? new GeneratedChecker(memory, generated, state, false, 1, undo)
        : new CapturedChecker(memory, captured.stream, state, false, lossy, 1, undo);
    return { checker: made, undo };
  };
  const places = memory.words.subarray(state.address >>> 2, (state.address + stateBytes) >>> 2);
  return { memory, frames, places, checker };
}

describe.each(['generated', 'captured'] as const)('a burst of a %s stream', (kind) => {
  test.each([false, true])('checked up to any frame is taken back, frames missing: %s', (lossy) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: FRAMES }),
        fc.integer({ min: 0, max: FRAMES }),
        fc.integer({ min: 0, max: FRAMES }),
        fc.array(fc.boolean(), { minLength: FRAMES, maxLength: FRAMES }),
        (a, b, c, lost) => {
          const [begin, died, end] = [a, b, c].sort((x, y) => x - y);
          const { frames, places, checker } = make(kind, lossy);
          const there = (from: number, to: number) =>
            frames.slice(from, to).filter((_, i) => !lossy || !lost[from + i]);
          const before = checker();
          before.undo.begin();
          for (const { address, length } of there(0, begin)) before.checker.check(address, length);
          before.undo.begin();
          const stood = [...places];
          for (const { address, length } of there(begin, died)) before.checker.check(address, length);

          for (let times = 0; times < 2; times++) {
            const after = checker();
            after.undo.takeBack();
            for (const { address } of there(begin, end)) after.checker.revert(address);
          }
          expect([...places]).toEqual(stood);
        },
      ),
      { numRuns: 200 },
    );
  });
});
