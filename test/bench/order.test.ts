import { describe, expect, it } from 'vitest';
import { orderOf } from '../../bench/drain/order.ts';
import { readCapture } from '../../src/hw/link/capture.ts';
import { layoutCaptured, usableFrames } from '../../src/hw/link/captured.ts';
import { layoutGenerated, prepareGenerated } from '../../src/hw/link/generated.ts';
import { makeSource, type Stream } from '../../src/hw/link/stream.ts';
import { Memory, MemoryMap } from '../../src/hw/memory.ts';

const STRIDE = 2048;
const FRAMES = 60;

/** The first frames of a stream, side by side: word index and length of each. */
function framesOf(kind: 'generated' | 'captured') {
  const map = new MemoryMap();
  let stream: Stream;
  let fill: (memory: Memory) => void;
  if (kind === 'generated') {
    const generated = layoutGenerated(map, [64], 4);
    stream = generated;
    fill = (memory) => prepareGenerated(memory, generated, [2, 0, 0, 0, 0, 1], 1);
  } else
    ({ stream, fill } = layoutCaptured(map, usableFrames(readCapture('data/lan-mix.pcap').frames).frames));
  const room = map.take(FRAMES * STRIDE);
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  fill(memory);
  const source = makeSource(memory, stream);
  const frames = Array.from({ length: FRAMES }, (_, i) => {
    const length = source.nextLength();
    source.render(room.address + i * STRIDE);
    return { at: (room.address + i * STRIDE) >>> 2, length };
  });
  const count = (list: readonly (typeof frames)[number][]) => {
    const order = orderOf(memory, stream);
    return list.reduce((wrong, { at, length }) => wrong + order.wrong(at, length), 0);
  };
  return { frames, count };
}

describe.each(['generated', 'captured'] as const)(
  'the order of %s frames, as the bare ring looks at it',
  (kind) => {
    it('is right when they come as they were sent', () => {
      const { frames, count } = framesOf(kind);
      expect(count(frames)).toBe(0);
    });

    it('is wrong where one is missing, comes twice, or is cut short', () => {
      const { frames, count } = framesOf(kind);
      expect(count([...frames.slice(0, 9), ...frames.slice(10)])).toBeGreaterThan(0);
      expect(count([...frames.slice(0, 9), frames[8], ...frames.slice(9)])).toBeGreaterThan(0);
      expect(
        count(frames.map((frame, i) => (i === 20 ? { ...frame, length: frame.length - 1 } : frame))),
      ).toBe(1);
    });
  },
);
