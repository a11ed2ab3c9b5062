import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getHeapStatistics } from 'node:v8';
import fc from 'fast-check';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type Capture, CaptureError, parseCapture, readCapture } from '../../../src/hw/link/capture.ts';
import { encodePcap, MICROSECOND_MAGIC, NANOSECOND_MAGIC, PcapngEncoder } from './capture-encoders.ts';

vi.mock('node:v8', async (original) => {
  const v8 = await original<typeof import('node:v8')>();
  return { ...v8, getHeapStatistics: vi.fn(v8.getHeapStatistics) };
});

const lanMix = fileURLToPath(new URL('../../../data/lan-mix.pcap', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'ringswap-capture-'));
afterAll(() => rmSync(folder, { recursive: true }));

const frameBytes = fc.uint8Array({ maxLength: 200 });
const pcapFrames = fc.array(
  fc.record({
    bytes: frameBytes,
    // 104 days are the span in which a double counts single nanoseconds.
    seconds: fc.integer({ min: 4_000_000_000, max: 4_009_000_000 }),
    fraction: fc.nat(999_999_999),
    more: fc.nat(2000),
  }),
  { maxLength: 12 },
);

/** The error that parsing must end in. */
function errorOf(run: () => unknown): CaptureError {
  try {
    run();
  } catch (error) {
    if (error instanceof CaptureError) return error;
    throw error;
  }
  throw new Error('no error at all');
}

/** A capture or a CaptureError; anything else that is thrown fails the test. */
function parseOrRefuse(content: Uint8Array): Capture | CaptureError {
  try {
    return parseCapture('f', content);
  } catch (error) {
    if (error instanceof CaptureError) return error;
    throw error;
  }
}

describe('pcap', () => {
  test('any frames, in either byte order and resolution, are read back byte for byte and time for time', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), pcapFrames, fc.nat(7), (littleEndian, nano, given, shift) => {
        const frames = given.map((frame) => ({
          ...frame,
          fraction: nano ? frame.fraction : Math.floor(frame.fraction / 1000),
          original: frame.bytes.length + frame.more,
        }));
        const magic = nano ? NANOSECOND_MAGIC : MICROSECOND_MAGIC;
        const { content } = encodePcap({ littleEndian, magic }, frames);
        const shifted = new Uint8Array(content.length + shift).subarray(shift);
        shifted.set(content);

        const capture = parseCapture('f', shifted);

        const timeNs = (frame: (typeof frames)[number]) =>
          BigInt(frame.seconds) * 1_000_000_000n + BigInt(frame.fraction * (nano ? 1 : 1000));
        expect(capture.format).toBe('pcap');
        expect(capture.frames).toEqual(
          frames.map((frame) => ({
            bytes: frame.bytes,
            timeNs: Number(timeNs(frame) - timeNs(frames[0])),
            originalLength: frame.original,
          })),
        );
        for (const frame of capture.frames) expect(frame.bytes.buffer).toBe(shifted.buffer);
      }),
    );
  });

  test('a capture without frames is empty', () => {
    expect(parseCapture('f', encodePcap({ littleEndian: true }, []).content).frames).toEqual([]);
  });

  test('other link types are named', () => {
    const error = errorOf(() =>
      parseCapture('any.pcap', encodePcap({ littleEndian: false, linkType: 113 }, []).content),
    );
    expect(error).toMatchObject({ file: 'any.pcap', offset: 20 });
    expect(error.message).toBe(
      'any.pcap: at byte 20: the capture has link type 113 (Linux cooked), not Ethernet (1). ' +
        'Capture on an Ethernet interface, by its name and not as "any"',
    );
  });

  test('reserved bits and other versions are refused', () => {
    const reserved = encodePcap({ littleEndian: true, linkType: 0x0001_0001 }, []);
    expect(errorOf(() => parseCapture('f', reserved.content))).toMatchObject({ offset: 20 });
    const version = encodePcap({ littleEndian: true, minor: 3 }, []);
    expect(errorOf(() => parseCapture('f', version.content)).message).toContain('version 2.3, not 2.4');
  });

  test('a frame check sequence is left out, even a part of it', () => {
    const bytes = Uint8Array.from({ length: 64 }, (_, index) => index);
    const frames = [
      { bytes, seconds: 0, fraction: 0 },
      { bytes, seconds: 0, fraction: 0, original: 66 },
      { bytes, seconds: 0, fraction: 0, original: 90 },
      { bytes: bytes.subarray(0, 3), seconds: 0, fraction: 0 },
    ];
    const { content } = encodePcap({ littleEndian: true, linkType: 0x2400_0001 }, frames);
    const lengths = parseCapture('f', content).frames.map((frame) => [
      frame.bytes.length,
      frame.originalLength,
    ]);
    expect(lengths).toEqual([
      [60, 60],
      [62, 62],
      [64, 86],
      [0, 0],
    ]);
  });

  test('an original length below the captured one is raised', () => {
    const frame = { bytes: new Uint8Array(60), seconds: 0, fraction: 0, original: 40 };
    const [read] = parseCapture('f', encodePcap({ littleEndian: true }, [frame]).content).frames;
    expect([read.bytes.length, read.originalLength]).toEqual([60, 60]);
  });

  test.each([
    { captured: 262_145, snapLength: 0xffff_ffff, refused: true },
    { captured: 262_144, snapLength: 0, refused: false },
    { captured: 70_000, snapLength: 96, refused: true },
    { captured: 9_000, snapLength: 96, refused: false },
  ])('$captured captured bytes with a snap length of $snapLength: refused $refused', (given) => {
    const { captured, snapLength, refused } = given;
    const frame = { bytes: new Uint8Array(captured), seconds: 0, fraction: 0 };
    const result = parseOrRefuse(encodePcap({ littleEndian: true, snapLength }, [frame]).content);
    expect(result instanceof CaptureError).toBe(refused);
    if (result instanceof CaptureError) expect(result.offset).toBe(24);
  });
});

describe('damage', () => {
  const bytes = Uint8Array.from({ length: 61 }, (_, index) => index);
  const pcap = encodePcap(
    { littleEndian: true },
    [0, 1, 2].map((seconds) => ({ bytes: bytes.subarray(seconds), seconds, fraction: 0 })),
  );
  const encoder = new PcapngEncoder().section(true).interface({ name: 'eth0' }).enhanced(0, 5n, bytes);
  encoder.simple(bytes).block(0xbad, new Uint8Array(8)).section(false).interface().obsolete(0, 9n, bytes);
  const pcapng = { content: encoder.content(), boundaries: encoder.boundaries };

  test.each([
    ['pcap', pcap],
    ['pcapng', pcapng],
  ])('a %s file cut at any byte is refused, or a shorter capture between two records', (_, whole) => {
    const frames = parseCapture('f', whole.content).frames;
    expect(frames).toHaveLength(3);
    for (let cut = 0; cut < whole.content.length; cut++) {
      const result = parseOrRefuse(whole.content.slice(0, cut));
      if (whole.boundaries.includes(cut)) {
        if (result instanceof CaptureError) throw result;
        expect(result.frames).toEqual(frames.slice(0, result.frames.length));
      } else {
        if (!(result instanceof CaptureError)) throw new Error(`cut at ${cut}: taken for whole`);
        const start = Math.max(0, ...whole.boundaries.filter((boundary) => boundary <= cut));
        expect(result.offset).toBe(start);
      }
    }
  });

  test('the message says what is missing, where, and what to do', () => {
    const error = errorOf(() => parseCapture('cut.pcap', pcap.content.slice(0, 110)));
    expect(error.message).toBe(
      'cut.pcap: at byte 101: a record header needs 16 bytes, but the file ends after 9. ' +
        'Copy the file again, or keep what is whole: editcap cut.pcap whole.pcap',
    );
  });

  test('arbitrary bytes, also behind sound headers, end in nothing but a CaptureError', () => {
    const beginnings = [
      new Uint8Array(),
      pcap.content.slice(0, 4),
      pcap.content.slice(0, 24),
      ...[0, 1, 2].map((blocks) => pcapng.content.slice(0, pcapng.boundaries[blocks])),
    ];
    fc.assert(
      fc.property(
        fc.constantFrom(...beginnings),
        fc.uint8Array({ maxLength: 400, size: 'max' }),
        (head, tail) => {
          const content = new Uint8Array(Buffer.concat([head, tail]));
          const result = parseOrRefuse(content);
          if (result instanceof CaptureError) expect(result.offset).toBeLessThanOrEqual(content.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('sound files with a few bytes changed end in nothing but a CaptureError', () => {
    const changes = fc.array(fc.tuple(fc.nat(10_000), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.constantFrom(pcap.content, pcapng.content), changes, (sound, changed) => {
        const content = sound.slice();
        for (const [at, value] of changed) content[at % content.length] = value;
        const result = parseOrRefuse(content);
        if (result instanceof CaptureError) expect(result.offset).toBeLessThan(content.length);
        else for (const { bytes } of result.frames) expect(bytes.length).toBeLessThan(content.length);
      }),
      { numRuns: 1000 },
    );
  });

  test('compressed and foreign files are told apart', () => {
    expect(errorOf(() => parseCapture('f', Uint8Array.of(0x1f, 0x8b, 8, 0))).message).toContain('gunzip');
    expect(errorOf(() => parseCapture('f', new Uint8Array(40))).message).toContain('neither pcap nor pcapng');
  });
});

describe('readCapture', () => {
  test('lan-mix.pcap', () => {
    const { frames, format } = readCapture(lanMix);
    const lengths = frames.map(({ bytes }) => bytes.length);
    expect(format).toBe('pcap');
    expect(frames).toHaveLength(4448);
    expect([Math.min(...lengths), Math.max(...lengths)]).toEqual([42, 1514]);
    expect(lengths.reduce((sum, length) => sum + length)).toBe(2_383_416 - 24 - 4448 * 16);
    expect([frames[0].timeNs, frames[4447].timeNs]).toEqual([0, 5_811_982_000]);
    expect(frames.every(({ bytes, originalLength }) => bytes.length === originalLength)).toBe(true);
    expect(frames.every(({ timeNs }, index) => index === 0 || timeNs >= frames[index - 1].timeNs)).toBe(true);
  });

  test('what cannot be read is a CaptureError with its reason', () => {
    const missing = join(folder, 'missing.pcap');
    expect(errorOf(() => readCapture(missing))).toMatchObject({ file: missing, offset: undefined });
    expect(errorOf(() => readCapture(missing)).message).toContain('ENOENT');
    expect(errorOf(() => readCapture(folder)).message).toContain('is a directory, not a file');
    expect(errorOf(() => readCapture('/dev/null')).message).toContain('is a device, not a file');
  });

  test('an empty file is refused', () => {
    const file = join(folder, 'empty.pcap');
    writeFileSync(file, '');
    expect(errorOf(() => readCapture(file)).message).toContain('is empty');
  });

  test('a file larger than memory is refused before it is read', () => {
    const file = join(folder, 'sparse.pcap');
    writeFileSync(file, '');
    truncateSync(file, 2 ** 31);
    expect(errorOf(() => readCapture(file)).message).toContain('2147483648 bytes are too many');
  });

  test('a file with more frames than the heap holds is refused', () => {
    const frame = { bytes: new Uint8Array(), seconds: 0, fraction: 0 };
    const { content } = encodePcap({ littleEndian: true }, Array(0x4000).fill(frame));
    expect(parseCapture('f', content).frames).toHaveLength(0x4000);
    const heap = getHeapStatistics();
    vi.mocked(getHeapStatistics).mockReturnValueOnce({ ...heap, used_heap_size: heap.heap_size_limit });
    expect(errorOf(() => parseCapture('f', content)).message).toContain(
      "half of Node's heap is in use after 16383 frames",
    );
  });
});
