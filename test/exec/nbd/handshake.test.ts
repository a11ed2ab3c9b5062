import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { Handshake, type HandshakeAction, MAX_OPTIONS } from '../../../src/exec/nbd/handshake.ts';
import { MemoryBackend } from './memory-backend.ts';
import {
  ABORT,
  cut,
  decodeOptionReplies,
  EXPORT_NAME,
  GO,
  INFO,
  infoRequest,
  LIST,
  option,
  STRUCTURED_REPLY,
  u16,
  u32,
  u64,
} from './wire.ts';

const SIZE = 8192;
const FIXED = 1;
const FIXED_NO_ZEROES = 3;
const GREETING_BYTES = 18;

// Transmission flags, as in the document.
const WRITABLE = 0b1_0110_1101;
const READ_ONLY = 0b1_0000_0111;
const SEND_DF = 1 << 7;

function handshake(readOnly = false): Handshake {
  const backend = new MemoryBackend(SIZE);
  backend.readOnly = readOnly;
  return new Handshake({ name: 'disk', description: 'a disk for tests', backend });
}

interface Outcome {
  /** After the greeting. */
  readonly sent: Buffer;
  readonly last: HandshakeAction | undefined;
}

function play(server: Handshake, chunks: readonly Buffer[]): Outcome {
  const actions = [...server.start(), ...chunks.flatMap((chunk) => server.receive(chunk))];
  const sent = Buffer.concat(
    actions.map((action) => (action.kind === 'send' ? action.bytes : Buffer.alloc(0))),
  );
  const rest = actions.filter(({ kind }) => kind !== 'send');
  expect(rest.length).toBeLessThanOrEqual(1);
  return { sent: sent.subarray(GREETING_BYTES), last: rest[0] };
}

function negotiate(flags: number, ...options: readonly Buffer[]): Outcome {
  return play(handshake(), [Buffer.concat([u32(flags), ...options])]);
}

/** Replies to options as [option, type, data in hexadecimal]. */
function replies({ sent }: Outcome): unknown[][] {
  return decodeOptionReplies(sent).map(({ option, type, data }) => [option, type, data.toString('hex')]);
}

const exportInfo = (flags: number) => Buffer.concat([u16(0), u64(SIZE), u16(flags)]).toString('hex');

test('the server greets with both magic numbers, fixed newstyle and no zeroes', () => {
  expect(handshake().start()).toEqual([
    { kind: 'send', bytes: Buffer.concat([Buffer.from('NBDMAGICIHAVEOPT'), u16(3)]) },
  ]);
});

describe('EXPORT_NAME', () => {
  it.each([
    ['the name', 'disk'],
    ['no name, for the default export', ''],
  ])('with %s begins the transmission with size and flags', (_, name) => {
    const { sent, last } = negotiate(FIXED_NO_ZEROES, option(EXPORT_NAME, Buffer.from(name)));
    expect(sent).toEqual(Buffer.concat([u64(SIZE), u16(WRITABLE)]));
    expect(last).toEqual({ kind: 'transmit', structured: false, rest: Buffer.alloc(0) });
  });

  it('is followed by 124 zeroes unless the client does without', () => {
    const { sent } = negotiate(FIXED, option(EXPORT_NAME));
    expect(sent).toEqual(Buffer.concat([u64(SIZE), u16(WRITABLE), Buffer.alloc(124)]));
  });

  it('is open to clients of newstyle that is not fixed', () => {
    expect(negotiate(0, option(EXPORT_NAME)).last?.kind).toBe('transmit');
  });
});

describe('GO and INFO', () => {
  it('tell what was asked for, and GO begins the transmission', () => {
    const outcome = negotiate(FIXED, option(GO, infoRequest('disk', [3, 1, 2])));
    expect(replies(outcome)).toEqual([
      [GO, 3, exportInfo(WRITABLE)],
      [GO, 3, `0001${Buffer.from('disk').toString('hex')}`],
      [GO, 3, `0002${Buffer.from('a disk for tests').toString('hex')}`],
      [GO, 3, Buffer.concat([u16(3), u32(512), u32(4096), u32(32 * 1024 * 1024)]).toString('hex')],
      [GO, 1, ''],
    ]);
    expect(outcome.last).toEqual({ kind: 'transmit', structured: false, rest: Buffer.alloc(0) });
  });

  it('tell the export alone when nothing else is asked for; INFO goes on', () => {
    const outcome = negotiate(FIXED, option(INFO, infoRequest('')), option(LIST));
    expect(replies(outcome).slice(0, 2)).toEqual([
      [INFO, 3, exportInfo(WRITABLE)],
      [INFO, 1, ''],
    ]);
    expect(replies(outcome)).toHaveLength(4);
    expect(outcome.last).toBeUndefined();
  });

  it('DF is offered once structured replies are negotiated', () => {
    const outcome = negotiate(FIXED, option(STRUCTURED_REPLY), option(GO, infoRequest('disk')));
    expect(replies(outcome)).toEqual([
      [STRUCTURED_REPLY, 1, ''],
      [GO, 3, exportInfo(WRITABLE | SEND_DF)],
      [GO, 1, ''],
    ]);
    expect(outcome.last).toMatchObject({ kind: 'transmit', structured: true });
  });

  it('a disk that is read-only says so, and offers nothing that writes', () => {
    const outcome = play(handshake(true), [u32(FIXED), option(GO, infoRequest('disk'))]);
    expect(replies(outcome)[0]).toEqual([GO, 3, exportInfo(READ_ONLY)]);
  });

  it('what follows GO in the same chunk is the transmission’s', () => {
    const { last } = negotiate(FIXED, option(GO, infoRequest('disk')), Buffer.from('request'));
    expect(last).toMatchObject({ kind: 'transmit', rest: Buffer.from('request') });
  });
});

test('LIST names the export', () => {
  expect(replies(negotiate(FIXED, option(LIST)))).toEqual([
    [LIST, 2, Buffer.concat([u32(4), Buffer.from('disk')]).toString('hex')],
    [LIST, 1, ''],
  ]);
});

test('ABORT is acknowledged and ends the connection', () => {
  const outcome = negotiate(FIXED, option(ABORT), option(LIST));
  expect(replies(outcome)).toEqual([[ABORT, 1, '']]);
  expect(outcome.last).toEqual({ kind: 'end' });
});

const UNSUP = 0x8000_0001;
const INVALID = 0x8000_0003;
const UNKNOWN = 0x8000_0006;
const TOO_BIG = 0x8000_0009;

describe('an option that cannot be had is refused, and the next one is answered', () => {
  it.each([
    ['TLS', option(5), UNSUP],
    ['meta contexts', option(10, infoRequest('disk')), UNSUP],
    ['an option of the future', option(0x7fff_0000, Buffer.alloc(99)), UNSUP],
    ['LIST with data', option(LIST, Buffer.alloc(1)), INVALID],
    ['STRUCTURED_REPLY with data', option(STRUCTURED_REPLY, Buffer.alloc(4)), INVALID],
    ['GO without data', option(GO), INVALID],
    ['GO with a name longer than its data', option(GO, Buffer.concat([u32(100), Buffer.alloc(10)])), INVALID],
    ['GO with a name of 4 GiB', option(GO, Buffer.concat([u32(0xffff_ffff), Buffer.alloc(10)])), INVALID],
    ['GO with too few information types', option(GO, Buffer.concat([u32(0), u16(2), u16(3)])), INVALID],
    ['GO with bytes left over', option(GO, Buffer.concat([infoRequest('disk'), Buffer.alloc(1)])), INVALID],
    ['GO for an export that is not there', option(GO, infoRequest('tape')), UNKNOWN],
    ['INFO for an export that is not there', option(INFO, infoRequest('disk2')), UNKNOWN],
    ['data longer than any option has', option(GO, Buffer.alloc(100_000)), TOO_BIG],
  ])('%s', (_, refused, type) => {
    const outcome = negotiate(FIXED, refused, option(STRUCTURED_REPLY));
    const [first, second] = decodeOptionReplies(outcome.sent);
    expect(first).toMatchObject({ option: refused.readUInt32BE(8), type });
    expect(first.data.length).toBeGreaterThan(0);
    expect(second).toEqual({ option: STRUCTURED_REPLY, type: 1, data: Buffer.alloc(0) });
    expect(outcome.last).toBeUndefined();
  });

  it('the message about a name is never longer than a string may be', () => {
    const { sent } = negotiate(FIXED, option(INFO, infoRequest('\u0001'.repeat(4096))));
    expect(decodeOptionReplies(sent)[0].data.length).toBeLessThan(4096);
  });
});

describe('a client that does not keep to the protocol is dropped', () => {
  it.each([
    ['flags that nobody knows', [u32(4)], /client flags/],
    ['an option without magic', [u32(FIXED), Buffer.alloc(16)], /magic/],
    ['an option that needs fixed newstyle', [u32(0), option(LIST)], /fixed newstyle/],
    [
      'an export that is not there',
      [u32(FIXED), option(EXPORT_NAME, Buffer.from('tape'))],
      /no export "tape"/,
    ],
    ['an export name that is too long', [u32(FIXED), option(EXPORT_NAME, Buffer.alloc(4097))], /4097/],
    ['options without end', [u32(FIXED), ...Array(MAX_OPTIONS + 1).fill(option(LIST))], /options/],
  ])('%s', (_, bytes, reason) => {
    const { last } = play(handshake(), bytes);
    expect(last).toMatchObject({ kind: 'violation', reason: expect.stringMatching(reason) });
  });

  it('nothing is answered after that', () => {
    const server = handshake();
    play(server, [u32(4)]);
    expect(server.receive(option(LIST))).toEqual([]);
  });
});

const anyOption = fc.oneof(
  fc.constantFrom(
    option(LIST),
    option(STRUCTURED_REPLY),
    option(INFO, infoRequest('disk', [1, 3])),
    option(GO, infoRequest('tape')),
    option(9, Buffer.alloc(9000)),
  ),
  fc
    .tuple(fc.integer({ min: 0, max: 12 }), fc.uint8Array({ maxLength: 40 }))
    .map(([number, data]) => option(number, Buffer.from(data))),
);

test('however the bytes are cut, the answer is the same', () => {
  const scripts = fc.tuple(
    fc.array(anyOption, { maxLength: 8 }),
    fc.constantFrom(0, 1, 2, 3, 5),
    fc.boolean(),
  );
  fc.assert(
    fc.property(scripts, fc.array(fc.nat(), { maxLength: 40 }), ([options, flags, goes], places) => {
      const ending = goes ? [option(GO, infoRequest('disk', [3])), Buffer.from('the first request')] : [];
      const bytes = Buffer.concat([u32(flags), ...options, ...ending]);
      const whole = play(handshake(), [bytes]);
      const pieces = play(handshake(), cut(bytes, places));
      expect(pieces.sent).toEqual(whole.sent);
      expect(pieces.last?.kind).toBe(whole.last?.kind);
      if (bytes.length < 400)
        expect(
          play(
            handshake(),
            [...bytes].map((byte) => Buffer.from([byte])),
          ).sent,
        ).toEqual(whole.sent);
    }),
  );
});
