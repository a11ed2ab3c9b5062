import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readCapture } from '../../../src/hw/link/capture.ts';
import { layoutCaptured, usableFrames } from '../../../src/hw/link/captured.ts';
import { layoutGenerated, prepareGenerated } from '../../../src/hw/link/generated.ts';
import { FRAME_DAMAGED, FRAME_GAP, FRAME_OK, FRAME_OLD } from '../../../src/hw/link/source.ts';
import { checkerStateBytes, makeChecker, makeSource, type Stream } from '../../../src/hw/link/stream.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';

const ONE_IN = 64;
const lanMix = fileURLToPath(new URL('../../../data/lan-mix.pcap', import.meta.url));

/** A stream and the check of one in 64 of its frames whole. `spoil` changes a frame between the two. */
function sampled(kind: 'generated' | 'captured') {
  const map = new MemoryMap();
  let stream: Stream;
  let fill: (memory: Memory) => void;
  if (kind === 'generated') {
    const generated = layoutGenerated(map, [128], 4);
    stream = generated;
    fill = (memory) => prepareGenerated(memory, generated, [2, 0, 0, 0, 0, 1], 1);
  } else {
    const prepared = layoutCaptured(map, usableFrames(readCapture(lanMix).frames).frames);
    ({ stream, fill } = prepared);
  }
  const state = map.take(checkerStateBytes(stream));
  const at = map.take(9216).address;
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  fill(memory);
  const source = makeSource(memory, stream);
  const checker = makeChecker(memory, stream, state, { mirrored: false, lossy: false, wholeOneIn: ONE_IN });
  return (spoil: (bytes: Uint8Array) => void = () => undefined): number => {
    const length = source.nextLength();
    source.render(at);
    spoil(memory.bytes.subarray(at, at + length));
    return checker.check(at, length);
  };
}

describe.each(['generated', 'captured'] as const)(
  'of a %s stream, one frame in 64 compared whole',
  (kind) => {
    test('frames as they were sent are all well', () => {
      const next = sampled(kind);
      for (let i = 0; i < 10_000; i++) expect(next()).toBe(FRAME_OK);
    });

    test('a flipped bit at one place of the payload is found in about one frame in 64', () => {
      const next = sampled(kind);
      let spoilt = 0;
      let found = 0;
      while (spoilt < 64_000) {
        let reached = false;
        const verdict = next((bytes) => {
          reached = bytes.length > 100;
          if (reached) bytes[90] ^= 4;
        });
        if (!reached) continue;
        spoilt++;
        if (verdict === FRAME_DAMAGED) found++;
      }
      // More often than that by the frames in which it lies in the one word looked at anyway.
      expect(found / spoilt).toBeGreaterThan(1 / 80);
      expect(found / spoilt).toBeLessThan(1 / 10);
    });

    test('a frame whose every word is wrong is found each time', () => {
      const next = sampled(kind);
      for (let i = 0; i < 2000; i++) {
        const spoil = (bytes: Uint8Array) => {
          for (let at = 12; at < bytes.length; at++) bytes[at] ^= 0xff;
        };
        expect(next(spoil)).toBe(FRAME_DAMAGED);
      }
    });

    test('a lost frame and a repeated one are found each time', () => {
      const lost = sampled(kind);
      for (let i = 0; i < 100; i++) lost();
      const verdicts = [];
      const held: Uint8Array[] = [];
      lost((bytes) => held.push(bytes.slice()));
      verdicts.push(lost((bytes) => bytes.set(held[0].subarray(0, bytes.length))));
      expect(verdicts.some((verdict) => verdict !== FRAME_OK)).toBe(true);
    });
  },
);

test('a generated frame behind its place is old, one before it leaves a gap', () => {
  const map = new MemoryMap();
  const stream = layoutGenerated(map, [64], 1);
  const state = map.take(checkerStateBytes(stream));
  const at = map.take(3 * 64).address;
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  prepareGenerated(memory, stream, [2, 0, 0, 0, 0, 1], 1);
  const source = makeSource(memory, stream);
  for (const frame of [0, 1, 2]) source.render(at + frame * 64);
  const checker = makeChecker(memory, stream, state, { mirrored: false, lossy: false, wholeOneIn: ONE_IN });
  expect(checker.check(at + 64, 60)).toBe(FRAME_GAP);
  expect(checker.check(at + 64, 60)).toBe(FRAME_OLD);
  expect(checker.check(at, 60)).toBe(FRAME_OLD);
  expect(checker.check(at + 128, 60)).toBe(FRAME_OK);
});
