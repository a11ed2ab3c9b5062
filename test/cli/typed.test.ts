/** What is typed while a run goes on: how lines are read, what mistakes are answered with, and what a word may become. */
import { describe, expect, it } from 'vitest';
import { complete } from '../../src/cli/interactive/complete.ts';
import { parseTyped, type Vocabulary } from '../../src/cli/interactive/typed.ts';
import { UsageError } from '../../src/testbed/index.ts';

const ring = [{ name: 'rxRing' }, { name: 'rxBuffers' }];
const WORDS: Vocabulary = {
  devices: [
    {
      name: 'eth0',
      drivers: [
        { name: 'interrupt', parameters: ring },
        { name: 'polling', parameters: [...ring, { name: 'burst' }] },
      ],
    },
    { name: 'nvme0', drivers: [{ name: 'buffered', parameters: [{ name: 'queueDepth' }] }] },
  ],
  methods: ['inplace', 'drain', 'reset'],
};

function mistake(line: string): string {
  try {
    parseTyped(line, WORDS);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : '';
  }
  return 'no mistake';
}

describe('a typed line', () => {
  it('asks for a swap, with parameters and a method anywhere behind the driver', () => {
    const swap = { kind: 'swap', device: 'eth0', to: 'polling' };
    expect(parseTyped('swap eth0 polling', WORDS)).toEqual({ ...swap, parameters: {}, method: undefined });
    expect(parseTyped('  swap\teth0 polling  rxBuffers=2k method=drain burst=1_0 ', WORDS)).toEqual({
      ...swap,
      parameters: { rxBuffers: 2000, burst: 10 },
      method: 'drain',
    });
  });

  it('may name a driver that nobody knows, or a file: the machine refuses it, or loads it', () => {
    for (const to of ['poling', './mine.mjs'])
      expect(parseTyped(`swap eth0 ${to}`, WORDS)).toMatchObject({ to });
  });

  it('asks for an upgrade, of all devices or of none', () => {
    const upgrade = { kind: 'upgrade', driver: 'mine', file: './mine.ts' };
    for (const [how, allOrNone, lazy] of [
      ['', false, false],
      ['all-or-none', true, false],
      ['lazy', false, true],
      ['lazy all-or-none', true, true],
    ] as const)
      expect(parseTyped(`upgrade mine ./mine.ts ${how}`, WORDS)).toEqual({ ...upgrade, allOrNone, lazy });
  });

  it.each(['status', 'help', 'quit'] as const)('may be %s, and nothing behind it', (kind) => {
    expect(parseTyped(kind, WORDS)).toEqual({ kind });
    expect(mistake(`${kind} eth0`)).toBe(`${kind} takes nothing behind it; type ${kind}`);
  });

  it('may be empty', () => {
    for (const line of ['', '  ', '\t']) expect(parseTyped(line, WORDS)).toBeUndefined();
  });

  it.each([
    [
      'swop eth0 polling',
      'there is no command swop (did you mean "swap"?); type swap, upgrade, handover, kill, status, help, quit',
    ],
    ['frobnicate', 'there is no command frobnicate; type swap, upgrade, handover, kill, status, help, quit'],
    ['swap', 'type swap DEVICE DRIVER [key=value ...]; devices: eth0, nvme0'],
    ['swap nvme1 buffered', 'there is no device nvme1 (did you mean "nvme0"?); there are eth0, nvme0'],
    ['swap nvme0', 'type swap nvme0 DRIVER [key=value ...]; drivers: buffered'],
    ['swap eth0 polling burst', 'swap eth0 polling: "burst" is not of the form key=value'],
    ['swap eth0 polling burst=8 burst=9', 'swap eth0 polling: "burst" is given twice'],
    ['upgrade mine', 'type upgrade DRIVER FILE [all-or-none] [lazy]'],
    [
      'upgrade mine a.mjs all-or-none lasy',
      'upgrade mine a.mjs: "lasy" is not known (did you mean "lazy"?); type upgrade DRIVER FILE [all-or-none] [lazy]',
    ],
    [
      'upgrade mine a.mjs all-or-nothing',
      'upgrade mine a.mjs: "all-or-nothing" is not known (did you mean "all-or-none"?); type upgrade DRIVER FILE [all-or-none] [lazy]',
    ],
    ['swap eth0 polling burst=many', 'burst=many: many is no number; type one like 512 or 2k'],
  ])('with a mistake is answered with what to type: %s', (line, message) =>
    expect(mistake(line)).toBe(message),
  );
});

describe('completion', () => {
  it.each<[string, string[], string]>([
    ['', ['swap ', 'upgrade ', 'handover ', 'kill ', 'status ', 'help ', 'quit '], ''],
    ['s', ['swap ', 'status '], 's'],
    ['sw', ['swap '], 'sw'],
    ['x', [], 'x'],
    ['swap ', ['eth0 ', 'nvme0 '], ''],
    ['swap  n', ['nvme0 '], 'n'],
    ['swap eth0 ', ['interrupt ', 'polling '], ''],
    ['swap nvme0 b', ['buffered '], 'b'],
    ['swap eth9 ', [], ''],
    ['swap eth0 polling rx', ['rxRing=', 'rxBuffers='], 'rx'],
    ['swap eth0 interrupt b', [], 'b'],
    ['swap eth0 polling rxRing=64 rx', ['rxBuffers='], 'rx'],
    ['swap eth0 ./mine.mjs m', ['method=inplace ', 'method=drain ', 'method=reset '], 'm'],
    ['swap eth0 polling method=d', ['method=drain '], 'method=d'],
    ['swap nvme0 buffered method=drain ', ['queueDepth='], ''],
    ['status ', [], ''],
    ['upgrade ', ['interrupt ', 'polling ', 'buffered '], ''],
    ['swap eth0 docs/examples/f', ['docs/examples/first-driver.mjs '], 'docs/examples/f'],
    ['upgrade mine ', [], ''],
    ['upgrade mine ./docs/exa', ['./docs/examples/'], './docs/exa'],
    ['upgrade mine no/such/folder', [], 'no/such/folder'],
    ['upgrade mine ./mine.ts ', ['all-or-none ', 'lazy '], ''],
    ['upgrade mine ./mine.ts lazy ', ['all-or-none '], ''],
    ['upgrade mine ./mine.ts all-or-none lazy ', [], ''],
  ])('of "%s"', (line, candidates, word) => expect(complete(line, WORDS)).toEqual([candidates, word]));
});
