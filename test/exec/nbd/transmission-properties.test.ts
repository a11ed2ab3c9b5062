import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { MemoryBackend, MIB, pattern } from './memory-backend.ts';
import { TransmissionBench } from './transmission-bench.ts';
import {
  cut,
  DF,
  FUA,
  READ,
  type RequestFields,
  read,
  TRIM,
  u32,
  WRITE,
  WRITE_ZEROES,
  write,
} from './wire.ts';

let backend: MemoryBackend;
beforeEach(() => {
  backend = new MemoryBackend(MIB);
});

const media = (offset: number, length: number) =>
  Buffer.from(backend.bytes.subarray(offset, offset + length));

const blocks = fc.nat({ max: 700 });
const anyRequest: fc.Arbitrary<Omit<RequestFields, 'cookie'>> = fc.oneof(
  fc.record({
    command: fc.constant(READ),
    offset: blocks.map((block) => block * 512),
    length: blocks.map((block) => block * 512),
    flags: fc.constantFrom(0, DF, FUA),
  }),
  fc.record({
    command: fc.constant(WRITE),
    offset: blocks.map((block) => block * 512),
    data: fc.tuple(blocks, fc.nat()).map(([block, seed]) => pattern(block * 512, seed)),
  }),
  fc.record({
    command: fc.constant(WRITE_ZEROES),
    offset: blocks.map((block) => block * 512),
    length: fc.constant(2560),
  }),
  fc.record({
    command: fc.integer({ min: 3, max: 9 }),
    length: fc.constantFrom(0, 512, 513),
    flags: fc.nat({ max: 31 }),
  }),
  fc.record({
    command: fc.constantFrom(READ, TRIM),
    offset: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    length: fc.nat(),
  }),
);
const scripts = fc.tuple(fc.array(anyRequest, { maxLength: 12 }), fc.boolean());

/** The bytes of a script, and what they do to a fresh disk. */
function play(
  [requests, structuredReplies]: [Omit<RequestFields, 'cookie'>[], boolean],
  cutUp: (bytes: Buffer) => Buffer[],
): { written: Buffer; disk: Buffer; errors: Map<number, number> } {
  backend = new MemoryBackend(MIB);
  const bench = new TransmissionBench(backend, structuredReplies);
  const bytes = Buffer.concat(requests.map((fields, cookie) => bench.encode({ cookie, ...fields })));
  bench.sendBytes(...cutUp(bytes));
  const errors = new Map(bench.replies().map(({ cookie, error }) => [cookie, error]));
  return { written: bench.written(), disk: backend.bytes, errors };
}

test('however the bytes are cut, replies and disk are the same', () => {
  fc.assert(
    fc.property(scripts, fc.array(fc.nat(), { maxLength: 60 }), (script, places) => {
      const whole = play(script, (bytes) => [bytes]);
      const pieces = play(script, (bytes) => cut(bytes, places));
      expect(pieces.written.equals(whole.written)).toBe(true);
      expect(pieces.disk.equals(whole.disk)).toBe(true);
      expect(whole.errors.size).toBe(script[0].length);
    }),
    { numRuns: 100 },
  );
});

test('byte by byte, replies and disk are the same', () => {
  const requests = [
    write(0, 512, pattern(1536, 3)),
    read(1, 0, 4096),
    read(2, 1, 1),
    write(3, 0, pattern(700)),
  ];
  for (const structuredReplies of [false, true]) {
    const whole = play([requests, structuredReplies], (bytes) => [bytes]);
    const pieces = play([requests, structuredReplies], (bytes) =>
      [...bytes].map((byte) => Buffer.from([byte])),
    );
    expect(pieces.written).toEqual(whole.written);
    expect(pieces.disk.equals(whole.disk)).toBe(true);
  }
});

test('in whatever order and portions the backend completes, each read gets its own data and one DONE', () => {
  const reads = fc.array(fc.tuple(fc.nat({ max: 1000 }), fc.integer({ min: 1, max: 1000 }), fc.boolean()), {
    minLength: 1,
    maxLength: 20,
  });
  fc.assert(
    fc.property(reads, fc.boolean(), fc.infiniteStream(fc.nat()), (asked, structuredReplies, choices) => {
      backend = new MemoryBackend(MIB);
      backend.holding = true;
      const bench = new TransmissionBench(backend, structuredReplies);
      const spans = asked.map(([at, count, df]) => ({
        offset: at * 512,
        length: count * 512,
        df: df && structuredReplies,
      }));
      const served = spans.map((span) => ({ ...span, length: Math.min(span.length, MIB - span.offset) }));
      bench.send(
        ...served.map(({ offset, length, df }, cookie) => read(cookie, offset, length, df ? DF : 0)),
      );
      while (backend.heldRequests > 0) backend.release((held) => shuffle(held, choices));
      const got = served.map(({ length }) => Buffer.alloc(length));
      const done = served.map(() => 0);
      for (const reply of bench.replies()) {
        expect(done[reply.cookie]).toBe(0);
        if (reply.done) done[reply.cookie]++;
        const start = served[reply.cookie].offset;
        got[reply.cookie].set(reply.data ?? Buffer.alloc(0), (reply.offset ?? start) - start);
      }
      expect(done).toEqual(served.map(() => 1));
      for (const [i, { offset, length }] of served.entries())
        expect(got[i].equals(media(offset, length))).toBe(true);
      expect(bench.transmission.replies.reservedBytes).toBe(0);
    }),
    { numRuns: 60 },
  );
});

function shuffle<T>(items: T[], choices: Iterator<number>): T[] {
  return items
    .map((item) => ({ item, key: choices.next().value ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item);
}

test('whatever comes, the disk lives and a fresh client is served', () => {
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    // Behind the magic number, where more can go wrong.
    fc.uint8Array({ minLength: 24, maxLength: 600 }).map((bytes) => Buffer.concat([u32(0x25609513), bytes])),
  );
  fc.assert(
    fc.property(fc.array(noise, { maxLength: 10 }), fc.boolean(), (chunks, structuredReplies) => {
      const hostile = new TransmissionBench(backend, structuredReplies).sendBytes(...chunks);
      hostile.transmission.endInput();
      hostile.settle();
      expect(hostile.transmission.done).toBe(true);
      const [reply] = new TransmissionBench(backend, false).send(read(1, 512, 512)).replies();
      expect(reply.data?.equals(media(512, 512))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
