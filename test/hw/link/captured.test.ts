import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CapturedFrame, readCapture } from '../../../src/hw/link/capture.ts';
import {
  CapturedChecker,
  CapturedSource,
  capturedStateBytes,
  layoutCaptured,
  usableFrames,
} from '../../../src/hw/link/captured.ts';
import { FRAME_DAMAGED, FRAME_GAP, FRAME_OK, FRAME_OLD } from '../../../src/hw/link/source.ts';
import { layoutTally, readTally, Verifier } from '../../../src/hw/link/verifier.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';
import { testFrame } from '../bench-card.ts';
import { ICMP, packetFrame, TCP, UDP } from '../packets.ts';

const lanMix = fileURLToPath(new URL('../../../data/lan-mix.pcap', import.meta.url));

function captured(frames: readonly Uint8Array[], gapUs = 10): CapturedFrame[] {
  return frames.map((bytes, i) => ({ bytes, timeNs: i * gapUs * 1000, originalLength: bytes.length }));
}

function makeStream(frames: readonly CapturedFrame[]) {
  const map = new MemoryMap();
  const prepared = layoutCaptured(map, frames);
  const { stream } = prepared;
  const states = [map.take(capturedStateBytes(stream)), map.take(capturedStateBytes(stream))];
  const tally = layoutTally(map);
  const at = map.take(9216).address;
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  prepared.fill(memory);
  const source = new CapturedSource(memory, stream);
  const checker = new CapturedChecker(memory, stream, states[0], false);
  const swappedChecker = new CapturedChecker(memory, stream, states[1], true);
  const next = (): number => {
    const length = source.nextLength();
    source.render(at);
    return length;
  };
  return { ...prepared, memory, states, tally, at, source, checker, swappedChecker, next };
}

type Made = ReturnType<typeof makeStream>;

function swapAddresses({ memory, at }: Made): void {
  const destination = memory.bytes.slice(at, at + 6);
  memory.bytes.copyWithin(at, at + 6, at + 12);
  memory.bytes.set(destination, at + 6);
}

/** Shows frames by their index in the capture: the verdicts, and what a verifier counts. */
function show(made: Made, order: readonly number[]) {
  const { memory, stream, states, tally, at } = made;
  const frames = Array.from({ length: stream.frames }, () => {
    const length = made.next();
    return memory.bytes.slice(at, at + length);
  });
  const verdicts: number[] = [];
  const checker = new CapturedChecker(memory, stream, states[0], false);
  const check = checker.check.bind(checker);
  checker.check = (address, length) => {
    verdicts.push(check(address, length));
    return verdicts.at(-1) ?? 0;
  };
  const verifier = new Verifier(memory, checker, tally, { nowUs: () => 0 });
  for (const index of order) {
    memory.bytes.set(frames[index], at);
    verifier.frame(at, frames[index].length, 0);
  }
  verifier.publish();
  return { verdicts, counts: readTally(memory, tally) };
}

describe('real traffic', () => {
  const { frames } = usableFrames(readCapture(lanMix).frames);
  const made = makeStream(frames);

  test('is replayed frame by frame, padded with zeros, round after round', () => {
    for (let round = 0; round < 2; round++)
      for (const { bytes } of frames) {
        const length = made.next();
        expect(length).toBe(Math.max(60, bytes.length));
        const sent = Buffer.from(made.memory.bytes.slice(made.at, made.at + length));
        expect(sent.subarray(0, bytes.length).equals(bytes)).toBe(true);
        expect(sent.subarray(bytes.length).every((byte) => byte === 0)).toBe(true);
      }
  });

  test('is accepted, swapped or not, over rounds', () => {
    const fresh = makeStream(frames);
    for (let i = 0; i < 3 * frames.length; i++) {
      const length = fresh.next();
      if (fresh.checker.check(fresh.at, length) !== FRAME_OK) throw new Error(`frame ${i} was refused`);
      swapAddresses(fresh);
      if (fresh.swappedChecker.check(fresh.at, length) !== FRAME_OK)
        throw new Error(`frame ${i} was refused when swapped`);
    }
  });

  test('one flipped bit in any frame, anywhere, is seen, swapped or not', () => {
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, swapped) => {
        const fresh = makeStream(frames);
        const { memory, states, at } = fresh;
        const reader = swapped ? fresh.swappedChecker : fresh.checker;
        const words = memory.words.subarray(states[0].address >>> 2, (states[1].address >>> 2) + 51);
        for (let i = 0; i < frames.length; i++) {
          const length = fresh.next();
          if (swapped) swapAddresses(fresh);
          const bit = (Math.imul(seed + i, 0x9e3779b1) >>> 0) % (length * 8);
          const before = words.slice();
          memory.bytes[at + (bit >> 3)] ^= 1 << (bit & 7);
          if (reader.check(at, length) === FRAME_OK) throw new Error(`frame ${i}, bit ${bit}: not seen`);
          memory.bytes[at + (bit >> 3)] ^= 1 << (bit & 7);
          words.set(before);
          if (reader.check(at, length) !== FRAME_OK) throw new Error(`frame ${i} was refused`);
        }
      }),
      { numRuns: 2 },
    );
  });

  test('every frame that is lost leaves a gap, or one frame fewer where its neighbours are its equals', () => {
    const fresh = makeStream(frames);
    const order = frames.map((_, i) => i);
    const gone = 1234;
    const { counts } = show(fresh, [...order.slice(0, gone), ...order.slice(gone + 1), ...order]);
    expect(counts).toMatchObject({ frames: 2 * frames.length - 1, missing: 1, damaged: 0, duplicated: 0 });
  });
});

describe('frames of one flow', () => {
  /** Rounds repeat: with fewer than five frames, one behind its place may as well be one ahead. */
  const five = captured(Array.from({ length: 5 }, (_, i) => testFrame(7, 60 + i)));

  test.each([
    ['one lost', [0, 1, 3, 4], [FRAME_OK, FRAME_OK, FRAME_GAP, FRAME_OK], { missing: 1 }],
    ['one twice', [0, 1, 1, 2], [FRAME_OK, FRAME_OK, FRAME_OLD, FRAME_OK], { duplicated: 1 }],
    ['two exchanged', [0, 2, 1, 3], [FRAME_OK, FRAME_GAP, FRAME_OLD, FRAME_OK], { missing: 1, reordered: 1 }],
    [
      'one lost at the turn of a round',
      [0, 1, 2, 3, 0],
      [FRAME_OK, FRAME_OK, FRAME_OK, FRAME_OK, FRAME_GAP],
      { missing: 1 },
    ],
  ])('%s is seen for what it is', (_, order, verdicts, counts) => {
    const seen = show(makeStream(five), order);
    expect(seen.verdicts).toEqual(verdicts);
    expect(seen.counts).toMatchObject(counts);
  });

  test('a damaged frame takes the place of the one that it was', () => {
    const made = makeStream(five);
    made.next();
    made.memory.bytes[made.at + 40] ^= 1;
    expect(made.checker.check(made.at, 60)).toBe(FRAME_DAMAGED);
    expect(made.checker.check(made.at, made.next())).toBe(FRAME_OK);
  });

  test('neighbours that are equal are proved by count', () => {
    const twins = captured([testFrame(1), testFrame(1), testFrame(1, 61), testFrame(1, 62)]);
    expect(show(makeStream(twins), [0, 1, 2, 3, 0, 1]).counts).toMatchObject({ frames: 6, missing: 0 });
    expect(show(makeStream(twins), [0, 2, 3, 0]).counts).toMatchObject({ frames: 4, missing: 1 });
    const same = makeStream(captured([testFrame(1), testFrame(1)]));
    expect(show(same, [0, 0, 1, 1, 1]).counts).toMatchObject({ frames: 5, missing: 0, duplicated: 0 });
  });

  test('padding belongs to the frame: a byte in it is damage', () => {
    const made = makeStream(captured([testFrame(1).subarray(0, 42)]));
    expect(made.next()).toBe(60);
    made.memory.bytes[made.at + 50] = 1;
    expect(made.checker.check(made.at, 60)).toBe(FRAME_DAMAGED);
  });

  test('where frames may be missing for good reason, one behind its place counts as one far ahead', () => {
    const made = makeStream(five);
    const lossy = new CapturedChecker(made.memory, made.stream, made.states[0], false, true);
    for (const [index, verdict, missing] of [
      [0, FRAME_OK, 0],
      [2, FRAME_GAP, 1],
      [1, FRAME_GAP, 3],
    ]) {
      made.memory.bytes.set(five[index].bytes, made.at);
      expect(lossy.check(made.at, five[index].bytes.length)).toBe(verdict);
      if (verdict === FRAME_GAP) expect(lossy.missing).toBe(missing);
    }
  });
});

describe('flows', () => {
  const base = { source: '10.0.0.1', destination: '10.0.0.2', sourcePort: 5, destinationPort: 6 };
  const flowsOf = (...frames: readonly Uint8Array[]): number => makeStream(captured(frames)).stream.flows;

  test.each([
    ['ports', packetFrame({ ...base, sourcePort: 9 }), 2],
    ['protocol', packetFrame({ ...base, protocol: TCP }), 2],
    ['address', packetFrame({ ...base, source: '10.0.0.3' }), 2],
    ['direction', packetFrame({ ...base, source: '10.0.0.2', destination: '10.0.0.1' }), 2],
    ['length only', packetFrame({ ...base, length: 300 }), 1],
  ])('a packet that differs in %s', (_, other, flows) => {
    expect(flowsOf(packetFrame({ ...base, protocol: UDP }), other)).toBe(flows);
  });

  test('packets without ports, fragments among them, belong together by their addresses', () => {
    const fragment = packetFrame({ ...base, protocol: UDP, fragment: 0x2000 });
    const later = packetFrame({ ...base, protocol: UDP, fragment: 0x0010, sourcePort: 99 });
    expect(flowsOf(fragment, later)).toBe(1);
    const ping = packetFrame({ ...base, protocol: ICMP });
    expect(flowsOf(ping, packetFrame({ ...base, protocol: ICMP, sourcePort: 99 }))).toBe(1);
    expect(flowsOf(ping, packetFrame({ ...base, protocol: UDP }))).toBe(2);
  });

  test('what is no IP belongs together by MAC addresses and EtherType', () => {
    const other = testFrame(1);
    other[13] ^= 1;
    expect(flowsOf(testFrame(1), testFrame(1, 99))).toBe(1);
    expect(flowsOf(testFrame(1), testFrame(2))).toBe(2);
    expect(flowsOf(testFrame(1), other)).toBe(2);
  });

  test('order between flows is free', () => {
    const frames = captured([testFrame(1), testFrame(2), testFrame(1, 61), testFrame(2, 61)]);
    const { counts } = show(makeStream(frames), [1, 3, 0, 2]);
    expect(counts).toMatchObject({ frames: 4, missing: 0, duplicated: 0, reordered: 0, damaged: 0 });
  });
});

test('times: offsets from the first frame, and a round that ends a mean gap behind the last one', () => {
  const { offsetsUs, roundUs } = makeStream(captured([testFrame(1), testFrame(2), testFrame(3)], 20));
  expect([...offsetsUs]).toEqual([0, 20, 40]);
  expect(roundUs).toBe(60);
});

test('frames that no link can carry again are left out, counted and named', () => {
  const pause = testFrame(1);
  pause.set([0x88, 0x08], 12);
  const whole = captured([
    testFrame(1),
    pause,
    testFrame(2).subarray(0, 13),
    testFrame(3, 9213),
    testFrame(4, 9212),
  ]);
  const snapped = { bytes: testFrame(5), timeNs: 0, originalLength: 61 };
  const { frames, skipped } = usableFrames([...whole, snapped, snapped]);
  expect(frames).toEqual([whole[0], whole[4]]);
  expect(skipped).toEqual({ pause: 1, runt: 1, oversize: 1, snapped: 2 });
});
