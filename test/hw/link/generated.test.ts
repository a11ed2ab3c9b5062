import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildHeader, frameBytes, IMIX } from '../../../src/hw/link/frames.ts';
import {
  GeneratedChecker,
  GeneratedSource,
  generatedStateBytes,
  layoutGenerated,
  prepareGenerated,
} from '../../../src/hw/link/generated.ts';
import { FRAME_DAMAGED, FRAME_GAP, FRAME_OK, FRAME_OLD } from '../../../src/hw/link/source.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';

const MAC = [0x02, 0x52, 0x53, 0, 0, 7];
/** RFC 2544 section 9.1, and the longest jumbo frame. */
const SIZES = [64, 128, 256, 512, 1024, 1280, 1518, 9216];

/** A source, and checkers of its frames as sent and with exchanged addresses. */
function makeStream(sizes: readonly number[], flows: number, seed = 1) {
  const map = new MemoryMap();
  const stream = layoutGenerated(map, sizes, flows);
  const states = [map.take(generatedStateBytes(stream)), map.take(generatedStateBytes(stream))];
  const at = map.take(9216).address;
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  prepareGenerated(memory, stream, MAC, seed);
  const source = new GeneratedSource(memory, stream);
  const checker = new GeneratedChecker(memory, stream, states[0], false);
  const swappedChecker = new GeneratedChecker(memory, stream, states[1], true);
  const next = (): number => {
    const length = source.nextLength();
    source.render(at);
    return length;
  };
  const copy = (): Uint8Array => {
    const length = next();
    return memory.bytes.slice(at, at + length);
  };
  const check = (frame: Uint8Array): number => {
    memory.bytes.set(frame, at);
    return checker.check(at, frame.length);
  };
  return { memory, at, source, checker, swappedChecker, next, copy, check };
}

function swapAddresses(bytes: Uint8Array, at: number): void {
  const destination = bytes.slice(at, at + 6);
  bytes.copyWithin(at, at + 6, at + 12);
  bytes.set(destination, at + 6);
}

/** RFC 1071: what a receiver computes over a header with its checksum in it is zero. */
function checksumOver(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += (bytes[i] << 8) | bytes[i + 1];
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

describe('a generated frame', () => {
  test.each(SIZES)('of %i bytes with FCS is valid Ethernet, IPv4 and UDP', (size) => {
    const { copy } = makeStream([size], 3);
    for (let i = 0; i < 6; i++) {
      const frame = copy();
      const view = new DataView(frame.buffer);
      expect(frame.length).toBe(size - 4);
      expect([...frame.subarray(0, 6)]).toEqual(MAC);
      expect(frame[6] & 3).toBe(2); // unicast, locally administered
      expect(view.getUint16(12)).toBe(0x0800);
      expect(view.getUint8(14)).toBe(0x45);
      expect(view.getUint16(16)).toBe(frame.length - 14);
      expect(view.getUint16(20) & 0xbfff).toBe(0); // no fragment
      expect(view.getUint8(22)).toBeGreaterThan(0);
      expect(view.getUint8(23)).toBe(17);
      expect(checksumOver(frame.subarray(14, 34))).toBe(0);
      expect(view.getUint16(38)).toBe(frame.length - 34);
      expect(view.getUint16(40)).toBe(0); // no UDP checksum (RFC 768)
    }
  });

  test('IMIX takes its sizes in turn, over the flows', () => {
    const { copy } = makeStream(IMIX, 5);
    const lengths = Array.from({ length: 36 }, () => copy().length);
    expect(lengths).toEqual([...IMIX, ...IMIX, ...IMIX].map(frameBytes));
    const octets = IMIX.reduce((sum, size) => sum + size, 0);
    expect(octets / IMIX.length).toBeCloseTo((7 * 64 + 4 * 594 + 1518) / 12);
  });

  test('flows differ in addresses or ports, each of them, and so in RSS hash', () => {
    const tuples = new Set<string>();
    for (let flow = 0; flow < 2000; flow++) {
      const header = buildHeader(MAC, flow, 60);
      expect(checksumOver(header.subarray(14, 34))).toBe(0);
      tuples.add(String(header.subarray(26, 38)));
    }
    expect(tuples.size).toBe(2000);
  });

  test('the same seed gives the same frames, another one other payloads', () => {
    const [first, second, other] = [1, 1, 3].map((seed) => makeStream([256], 2, seed));
    for (let i = 0; i < 10; i++) {
      const frame = first.copy();
      expect(second.copy()).toEqual(frame);
      expect(other.copy().subarray(60)).not.toEqual(frame.subarray(60));
    }
  });

  test('payloads of neighbours in a flow differ', () => {
    const { copy } = makeStream([256], 1);
    const payloads = Array.from({ length: 100 }, () => String(copy().subarray(48)));
    expect(new Set(payloads).size).toBe(100);
  });
});

describe('the checker', () => {
  const streams = fc.record({
    sizes: fc.array(fc.integer({ min: 64, max: 9216 }), { minLength: 1, maxLength: 6 }),
    flows: fc.integer({ min: 1, max: 9 }),
  });

  test('accepts all that the source makes, in any sizes and flows, swapped or not', () => {
    fc.assert(
      fc.property(streams, ({ sizes, flows }) => {
        const { memory, at, checker, swappedChecker, next } = makeStream(sizes, flows);
        for (let i = 0; i < 60; i++) {
          const length = next();
          expect(checker.check(at, length)).toBe(FRAME_OK);
          expect([checker.flow, checker.sequence]).toEqual([i % flows, Math.floor(i / flows)]);
          swapAddresses(memory.bytes, at);
          expect(swappedChecker.check(at, length)).toBe(FRAME_OK);
        }
      }),
      { numRuns: 40 },
    );
  });

  test.each([64, 65, 66, 67])('sees every single bit of a frame of %i bytes, swapped or not', (size) => {
    for (const swapped of [false, true]) {
      const { memory, at, checker, swappedChecker, next } = makeStream([size], 2);
      const reader = swapped ? swappedChecker : checker;
      const length = next();
      if (swapped) swapAddresses(memory.bytes, at);
      for (let bit = 0; bit < length * 8; bit++) {
        memory.bytes[at + (bit >> 3)] ^= 1 << (bit & 7);
        expect(reader.check(at, length), `bit ${bit}`).toBe(FRAME_DAMAGED);
        memory.bytes[at + (bit >> 3)] ^= 1 << (bit & 7);
      }
    }
  });

  test('sees any single flipped bit in any frame', () => {
    const damage = fc.record({ frame: fc.nat(200), bit: fc.nat(), swapped: fc.boolean() });
    fc.assert(
      fc.property(streams, damage, ({ sizes, flows }, { frame, bit, swapped }) => {
        const { memory, at, checker, swappedChecker, next } = makeStream(sizes, flows);
        let length = 0;
        for (let i = 0; i <= frame; i++) length = next();
        if (swapped) swapAddresses(memory.bytes, at);
        const place = bit % (length * 8);
        memory.bytes[at + (place >> 3)] ^= 1 << (place & 7);
        expect((swapped ? swappedChecker : checker).check(at, length)).toBe(FRAME_DAMAGED);
      }),
      { numRuns: 150 },
    );
  });

  test('sees a frame that is too long or too short, or swapped when it should not be', () => {
    const { memory, at, checker, swappedChecker, next } = makeStream([64, 128], 1);
    const length = next();
    for (const wrong of [0, 14, 47, length - 1, length + 1, length + 64])
      expect(checker.check(at, wrong)).toBe(FRAME_DAMAGED);
    expect(swappedChecker.check(at, length)).toBe(FRAME_DAMAGED);
    swapAddresses(memory.bytes, at);
    expect(checker.check(at, length)).toBe(FRAME_DAMAGED);
  });

  test('a damaged frame takes its own place: the next one is no gap', () => {
    const { checker, copy, check } = makeStream([64], 1);
    const [first, second, third] = [copy(), copy(), copy()];
    expect(check(first)).toBe(FRAME_OK);
    second[55] ^= 1;
    expect(check(second)).toBe(FRAME_DAMAGED);
    expect([checker.flow, checker.sequence]).toEqual([0, 1]);
    expect(check(third)).toBe(FRAME_OK);
  });

  test('a frame of a flow that there is not is nobody’s', () => {
    const { checker, copy, check } = makeStream([64], 2);
    const frame = copy();
    frame[42] = 2;
    expect(check(frame)).toBe(FRAME_DAMAGED);
    expect(checker.flow).toBe(-1);
  });

  test('missing frames are counted, in their flow only', () => {
    const { checker, copy, check } = makeStream([64], 2);
    const frames = Array.from({ length: 12 }, copy);
    expect([0, 1].map((i) => check(frames[i]))).toEqual([FRAME_OK, FRAME_OK]);
    expect(check(frames[8])).toBe(FRAME_GAP);
    expect([checker.flow, checker.sequence, checker.missing]).toEqual([0, 4, 3]);
    expect(check(frames[3])).toBe(FRAME_OK);
    expect(check(frames[10])).toBe(FRAME_OK);
  });

  test('a frame delivered twice, or after a later one, is old, and moves nothing', () => {
    const { checker, copy, check } = makeStream([64], 1);
    const [first, second, third] = [copy(), copy(), copy()];
    expect(check(first)).toBe(FRAME_OK);
    expect(check(third)).toBe(FRAME_GAP);
    expect(check(second)).toBe(FRAME_OLD);
    expect(check(second)).toBe(FRAME_OLD);
    expect(checker.sequence).toBe(1);
    expect(check(copy())).toBe(FRAME_OK);
  });

  test('a skipped frame is missing', () => {
    const { source, checker, next, at } = makeStream(IMIX, 1);
    checker.check(at, next());
    source.skip();
    source.skip();
    expect(checker.check(at, next())).toBe(FRAME_GAP);
    expect(checker.missing).toBe(2);
  });
});

test('a second checker over the same state goes on where the first one was', () => {
  const map = new MemoryMap();
  const stream = layoutGenerated(map, [64], 1);
  const state = map.take(generatedStateBytes(stream));
  const at = map.take(64).address;
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  prepareGenerated(memory, stream, MAC, 1);
  const source = new GeneratedSource(memory, stream);
  for (let i = 0; i < 10; i++) {
    source.render(at);
    expect(new GeneratedChecker(memory, stream, state, false).check(at, 60)).toBe(FRAME_OK);
  }
});
