import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CaptureError, parseCapture } from '../../../src/hw/link/capture.ts';
import { PcapngEncoder, padded } from './capture-encoders.ts';

const frame = Uint8Array.from({ length: 62 }, (_, index) => index);
const read = (encoder: PcapngEncoder) => parseCapture('f', encoder.content()).frames;
const times = (encoder: PcapngEncoder) => read(encoder).map(({ timeNs }) => timeNs);

function refusal(encoder: PcapngEncoder): CaptureError {
  try {
    read(encoder);
  } catch (error) {
    if (error instanceof CaptureError) return error;
    throw error;
  }
  throw new Error('no error at all');
}

describe('blocks', () => {
  test('any frames of all three packet blocks, in sections of both byte orders, are read back', () => {
    const frames = fc.array(fc.tuple(fc.constantFrom(2, 3, 6), fc.uint8Array({ maxLength: 100 })));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), frames)), (sections) => {
        const encoder = new PcapngEncoder().section(true);
        let ticks = 1n << 40n;
        const expected: object[] = [];
        let timeNs = 0;
        for (const [littleEndian, given] of sections) {
          encoder.section(littleEndian).interface();
          for (const [type, bytes] of given) {
            if (type === 3) encoder.simple(bytes);
            else {
              // The first time stamp of the file is time 0.
              if (ticks > 1n << 40n) timeNs += 1000;
              if (type === 2) encoder.obsolete(0, ticks, bytes);
              else encoder.enhanced(0, ticks, bytes);
              ticks += 1n;
            }
            expected.push({ bytes, timeNs, originalLength: bytes.length });
          }
        }
        expect(read(encoder)).toEqual(expected);
      }),
    );
  });

  test('unknown blocks are skipped, and interfaces belong to their section', () => {
    const encoder = new PcapngEncoder().section(true).interface().block(0x8000_0bad, new Uint8Array(40));
    encoder.block(4, new Uint8Array(4)).enhanced(0, 0n, frame).block(0xbad);
    expect(read(encoder)).toHaveLength(1);
    const error = refusal(encoder.section(true).enhanced(0, 0n, frame));
    expect(error.message).toContain('interface 0, of which no description precedes it');
  });

  test('a simple packet is cut at the snap length', () => {
    const encoder = new PcapngEncoder().section(false).interface({ snapLength: 30 });
    encoder.simple(frame.subarray(0, 30), 62);
    expect(read(encoder)).toEqual([{ bytes: frame.subarray(0, 30), timeNs: 0, originalLength: 62 }]);
  });

  test('a frame check sequence is left out, its length given in bits or bytes', () => {
    const encoder = new PcapngEncoder().section(true);
    for (const fcsLength of [0, 4, 32]) encoder.interface({ fcsLength });
    for (const id of [0, 1, 2]) encoder.enhanced(id, 0n, frame);
    expect(read(encoder).map(({ bytes }) => bytes.length)).toEqual([62, 58, 58]);
  });

  test('an interface that is not Ethernet is named when a frame uses it', () => {
    const encoder = new PcapngEncoder().section(true).interface({ linkType: 127, name: 'wlan0' }).interface();
    expect(read(encoder.enhanced(1, 0n, frame))).toHaveLength(1);
    const error = refusal(encoder.enhanced(0, 0n, frame));
    expect(error.offset).toBe(encoder.boundaries.at(-2));
    expect(error.message).toContain('interface 0 ("wlan0") of this frame has link type 127');
  });
});

describe('time', () => {
  const microseconds = 1_700_000_000_000_000n;

  const from = fc.bigInt(0n, 2n ** 63n);
  const deltas = fc.array(fc.bigInt(0n, 2n ** 53n), { minLength: 1, maxLength: 5 });

  function timesOf(resolution: number | undefined, littleEndian: boolean, ticks: readonly bigint[]) {
    const encoder = new PcapngEncoder().section(littleEndian);
    encoder.interface(resolution === undefined ? {} : { resolution });
    for (const tick of ticks) encoder.enhanced(0, tick, frame);
    return times(encoder);
  }

  test('units of whole nanoseconds are exact', () => {
    const resolutions = fc.option(fc.nat(9), { nil: undefined });
    fc.assert(
      fc.property(fc.boolean(), resolutions, from, deltas, (littleEndian, resolution, first, others) => {
        const ticks = [first, ...others.map((delta) => first + delta)];
        const unitNs = 10n ** (9n - BigInt(resolution ?? 6));
        const expected = ticks.map((tick) => Number((tick - first) * unitNs));
        expect(timesOf(resolution, littleEndian, ticks)).toEqual(expected);
      }),
    );
  });

  test('other units, of powers of ten and of two, are right to the nanosecond', () => {
    const resolutions = fc.constantFrom(10, 12, 18, 127, 0x80, 0x8a, 0xa0, 0xbf, 0xff);
    fc.assert(
      fc.property(fc.boolean(), resolutions, from, deltas, (littleEndian, resolution, first, others) => {
        const ticks = [first, ...others.map((delta) => first + delta)];
        const exponent = BigInt(resolution & 0x7f);
        const unitsPerS = resolution & 0x80 ? 2n ** exponent : 10n ** exponent;
        timesOf(resolution, littleEndian, ticks).forEach((timeNs, index) => {
          const floorNs = Number(((ticks[index] - first) * 1_000_000_000n) / unitsPerS);
          // Half a nanosecond of fraction, and the last digits of doubles that count beyond 2^53 ns.
          const tolerance = 0.5 + floorNs * 2 ** -51;
          expect(Math.abs(timeNs - (floorNs + 0.5))).toBeLessThanOrEqual(tolerance);
        });
      }),
    );
  });

  test('interfaces with clocks of different units and offsets agree to the ns', () => {
    const encoder = new PcapngEncoder().section(true).interface();
    encoder.interface({ resolution: 9 }).interface({ resolution: 9, offsetS: 1_700_000_000n });
    encoder.interface({ resolution: 0x80 + 10, offsetS: -5n });
    encoder.enhanced(0, microseconds, frame).enhanced(1, microseconds * 1000n + 1n, frame);
    encoder.enhanced(2, 3n, frame).enhanced(3, (1_700_000_005n << 10n) + 1n, frame);
    encoder.enhanced(1, microseconds * 1000n - 7n, frame).enhanced(2, 1_000_000_004n, frame);
    expect(times(encoder)).toEqual([0, 1, 3, 976_562, -7, 1_000_000_004]);
  });

  test('frames without a time stamp have the time of the one before', () => {
    const encoder = new PcapngEncoder().section(true).interface().simple(frame);
    encoder
      .enhanced(0, microseconds, frame)
      .enhanced(0, microseconds + 2n, frame)
      .simple(frame);
    expect(times(encoder)).toEqual([0, 0, 2000, 2000]);
  });
});

describe('damage', () => {
  test('lengths that do not fit', () => {
    const start = () => new PcapngEncoder().section(true).interface();
    const short = refusal(start().block(6, new Uint8Array(16)));
    expect([short.offset, short.message]).toEqual([48, expect.stringContaining('cannot have 28 bytes')]);
    const odd = start().block(0xbad, new Uint8Array(2), new Uint8Array(2)).content();
    odd[52] = 14;
    expect(() => parseCapture('f', odd)).toThrow('cannot have 14 bytes');
    const unequal = start().block(0xbad).content();
    unequal[56] = 16;
    expect(() => parseCapture('f', unequal)).toThrow(
      'at byte 56: a block of 12 bytes ends in another length, 16',
    );
    const long = refusal(start().enhanced(0, 0n, frame, 65, 65));
    expect([long.offset, long.message]).toEqual([48, expect.stringContaining('65 captured bytes is longer')]);
    expect(refusal(start().simple(frame, 80)).message).toContain('longer than its block');
    expect(refusal(start().enhanced(0, 0n, frame, 0, 262_145)).message).toContain('longer than any');
  });

  test('headers of other versions and byte orders', () => {
    expect(refusal(new PcapngEncoder().section(true, { magic: 0x1a2b3c4e })).offset).toBe(8);
    expect(refusal(new PcapngEncoder().section(false, { major: 2 })).message).toContain('version 2.0');
    expect(refusal(new PcapngEncoder().section(true, { minor: 1 })).offset).toBe(12);
    expect(read(new PcapngEncoder().section(true, { minor: 2 }))).toEqual([]);
  });

  test('options', () => {
    const encoder = new PcapngEncoder().section(true);
    const comment = encoder.option(1, Buffer.from('no end mark'));
    expect(read(encoder.interface({ options: comment }))).toEqual([]);
    const wrong = encoder.option(9, Uint8Array.of(6, 6));
    expect(refusal(new PcapngEncoder().section(true).interface({ options: wrong })).message).toContain(
      'option 9 of an interface has 2 bytes, not 1',
    );
    const long = padded(Uint8Array.of(2, 0, 9, 0, 0, 0));
    expect(refusal(new PcapngEncoder().section(true).interface({ options: long })).offset).toBe(28 + 16);
  });
});
