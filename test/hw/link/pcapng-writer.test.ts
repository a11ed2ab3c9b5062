import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { CaptureError, readCapture } from '../../../src/hw/link/capture.ts';
import { PcapngWriter } from '../../../src/hw/link/pcapng-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-writer-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'written.pcapng');
const interfaces = [{ name: 'nic0' }, { name: 'nic1 µ' }];
const bytes = Uint8Array.from({ length: 64 }, (_, index) => index);

/** All comments of a little-endian file, by the type of their block. */
function commentsOf(content: Buffer): { type: number; text: string }[] {
  const found = [];
  for (let at = 0; at < content.length; at += content.readUInt32LE(at + 4)) {
    const type = content.readUInt32LE(at);
    const fixed = { 5: 20, 6: 28 + ((content.readUInt32LE(at + 20) + 3) & ~3) }[type];
    if (fixed === undefined) continue;
    for (let option = at + fixed; ; ) {
      const code = content.readUInt16LE(option);
      const length = content.readUInt16LE(option + 2);
      if (code === 0) break;
      if (code === 1) found.push({ type, text: content.toString('utf8', option + 4, option + 4 + length) });
      option += 4 + ((length + 3) & ~3);
    }
  }
  return found;
}

function record(write: (writer: PcapngWriter) => void, epochNs = 0n): Buffer {
  const writer = new PcapngWriter(file, interfaces, { epochNs });
  write(writer);
  writer.close();
  return readFileSync(file);
}

describe('PcapngWriter', () => {
  test('any frames are read back byte for byte and time for time', () => {
    const frames = fc.array(
      fc.record({
        id: fc.nat(1),
        timeNs: fc.oneof(fc.nat(), fc.nat(2 ** 40), fc.nat(2 ** 50)),
        bytes: fc.uint8Array({ maxLength: 200 }),
        offset: fc.nat(9),
        comment: fc.option(fc.string({ unit: 'grapheme', maxLength: 9 }), { nil: undefined }),
      }),
    );
    fc.assert(
      fc.property(frames, fc.bigInt(0n, 2n ** 63n), (given, epochNs) => {
        const content = record((writer) => {
          for (const { id, timeNs, bytes, offset, comment } of given) {
            const shared = new Uint8Array(new SharedArrayBuffer(220));
            shared.set(bytes, offset);
            writer.frame(id, timeNs, shared, offset, bytes.length, 'in', comment);
          }
        }, epochNs);
        expect(readCapture(file).frames).toEqual(
          given.map(({ timeNs, bytes }) => ({
            bytes,
            timeNs: timeNs - given[0].timeNs,
            originalLength: bytes.length,
          })),
        );
        expect(commentsOf(content).map(({ text }) => text)).toEqual(
          given.flatMap(({ comment }) => (comment === undefined ? [] : [comment.replaceAll('\0', '\ufffd')])),
        );
      }),
    );
  });

  test('more frames than the buffer holds', () => {
    const size = 9018;
    const long = Uint8Array.from({ length: size }, (_, index) => index);
    record((writer) => {
      for (let index = 0; index < 500; index++) writer.frame(1, index, long, index, size - index, 'out');
    });
    const { frames, format } = readCapture(file);
    expect(format).toBe('pcapng');
    expect(frames).toHaveLength(500);
    frames.forEach((frame, index) => {
      expect(frame.timeNs).toBe(index);
      expect(Buffer.compare(frame.bytes, long.subarray(index))).toBe(0);
    });
  });

  test('the file on disk is a whole capture while it is written', () => {
    const writer = new PcapngWriter(file, interfaces);
    expect(readCapture(file).frames).toEqual([]);
    const counts = new Set<number>();
    for (let index = 0; index < 40; index++) {
      writer.frame(0, index, new Uint8Array(100_000), 0, 100_000, 'in');
      counts.add(readCapture(file).frames.length);
    }
    expect([...counts]).toEqual([0, 10, 20, 30]);
    writer.close();
    expect(readCapture(file).frames).toHaveLength(40);
  });

  test('the longest frame with the most comments fits', () => {
    const longest = new Uint8Array(262_144).fill(7);
    const content = record((writer) => {
      for (let index = 0; index < 7; index++) writer.annotate('x'.repeat(65_535));
      writer.frame(0, 0, longest, 0, longest.length, 'in', 'y'.repeat(65_000));
    });
    expect(readCapture(file).frames[0].bytes).toHaveLength(262_144);
    expect(commentsOf(content)).toHaveLength(8);
  });

  test('time stamps carry from the low to the high word, either way', () => {
    record((writer) => {
      for (const timeNs of [-1, 0, 0.4, 0.5, 2 ** 32]) writer.frame(0, timeNs, bytes, 0, 60, 'in');
    }, 2n ** 60n);
    expect(readCapture(file).frames.map(({ timeNs }) => timeNs)).toEqual([0, 1, 1, 2, 2 ** 32 + 1]);
  });
});

describe('annotations', () => {
  test('wait for the next frame, in order; without one they end in an Interface Statistics Block', () => {
    const content = record((writer) => {
      writer.annotate('swap 1 requested');
      writer.annotate('quiesce');
      writer.frame(0, 1, bytes, 0, 60, 'in', 'own');
      writer.frame(0, 2, bytes, 0, 60, 'in');
      writer.annotate('');
      writer.annotate('end\0\ud800');
    });
    expect(commentsOf(content)).toEqual([
      { type: 6, text: 'swap 1 requested' },
      { type: 6, text: 'quiesce' },
      { type: 6, text: 'own' },
      { type: 5, text: '' },
      { type: 5, text: 'end\ufffd\ufffd' },
    ]);
    expect(readCapture(file).frames).toHaveLength(2);
  });

  test('long texts, and many of them, lose nothing', () => {
    const text = '€'.repeat(300_000);
    const content = record((writer) => {
      writer.annotate(text);
      writer.frame(0, 0, bytes, 0, 60, 'in');
    });
    const comments = commentsOf(content);
    expect(comments.map((comment) => comment.text).join('')).toBe(text);
    expect(new Set(comments.map((comment) => comment.type))).toEqual(new Set([5, 6]));
  });
});

describe('failures', () => {
  test('a file that cannot be created', () => {
    const missing = join(folder, 'no', 'such', 'folder.pcapng');
    expect(() => new PcapngWriter(missing, interfaces)).toThrow(CaptureError);
    expect(() => new PcapngWriter(missing, interfaces)).toThrow('cannot be created (ENOENT');
    expect(() => new PcapngWriter(folder, interfaces)).toThrow('cannot be created (EISDIR');
  });

  test.runIf(existsSync('/dev/full'))('a full disk', () => {
    expect(() => new PcapngWriter('/dev/full', interfaces)).toThrow('cannot be written (ENOSPC');
  });

  test('a closed writer', () => {
    const writer = new PcapngWriter(file, interfaces);
    writer.close();
    writer.close();
    expect(() => writer.frame(0, 0, bytes, 0, 60, 'in')).toThrow(CaptureError);
    expect(() => writer.annotate('late')).toThrow('is closed');
  });

  test('frames that cannot be', () => {
    const writer = new PcapngWriter(file, interfaces);
    expect(() => writer.frame(2, 0, bytes, 0, 60, 'in')).toThrow('no interface 2 among 2');
    expect(() => writer.frame(0, 0, bytes, 5, 60, 'in')).toThrow('no frame of 60 bytes at 5 of 64');
    expect(() => writer.frame(0, -1, bytes, 0, 60, 'in')).toThrow('no time stamp for -1 ns');
    expect(() => writer.frame(0, Number.NaN, bytes, 0, 60, 'in')).toThrow(RangeError);
    expect(() => new PcapngWriter(file, [])).toThrow(RangeError);
    expect(() => new PcapngWriter(file, interfaces, { epochNs: -1n })).toThrow(RangeError);
    writer.close();
    expect(readCapture(file).frames).toEqual([]);
  });
});
