import { describe, expect, it } from 'vitest';
import { renderDump, selected } from '../../src/cli/inspect.ts';
import { ringLines } from '../../src/cli/ring.ts';
import { screen } from '../../src/cli/screen.ts';
import type { Dump, RingDump } from '../../src/testbed/index.ts';

const descriptors: RingDump['descriptors'] = Array.from({ length: 64 }, (_, slot) => ({
  slot,
  words: [0x40000 + slot * 2048, 0, 0, 0],
  buffer: slot + 100,
  marks: slot === 9 ? 'head' : '',
}));

const DUMP: Dump = {
  version: 1,
  takenAt: '2026-01-01T00:00:00Z',
  nics: [
    {
      name: 'eth0',
      driver: 'polling',
      registers: [
        { name: 'CTRL', offset: 0, access: 'RW', value: 0x40 },
        { name: 'EICR', offset: 0x800, access: 'RC', value: -1 },
        { name: 'MPC', offset: 0x3fa0, access: 'RC', value: 0 },
      ],
      state: [{ name: 'format', value: 1 }],
      rx: [{ queue: 0, words: [{ name: 'RDH', value: 9 }], descriptors }],
      tx: [],
    },
  ],
};

describe('a ring', () => {
  it('folds runs of like descriptors, and keeps what stands out', () => {
    expect(ringLines(descriptors, screen(80))).toEqual([
      'slots  buffers  marks  words',
      '  0-8  100-108         …          0x00000000 0x00000000 0x00000000',
      '    9      109  head   0x00044800 0x00000000 0x00000000 0x00000000',
      '10-63  110-163         …          0x00000000 0x00000000 0x00000000',
    ]);
  });

  it('says when the buffers of a run do not follow each other', () => {
    const mixed = descriptors.slice(0, 3).map((one, index) => ({ ...one, buffer: [5, 9, 2][index] ?? 0 }));
    expect(ringLines(mixed, screen(80))[1]).toMatch(/^ {2}0-2 +5… /);
  });
});

describe('a dump', () => {
  it('is shown whole, registers that read 0 left out', () => {
    const text = renderDump(DUMP, {}, screen(80));
    expect(text).toMatch(/EICR +0x00800 +RC +0xffffffff +4294967295/);
    expect(text).toContain('1 more read 0');
    for (const heading of ['Registers', 'State block', 'Receive ring 0, 64 descriptors']) {
      expect(text).toContain(heading);
    }
  });

  it('is shown in part when asked', () => {
    const text = renderDump(DUMP, { registers: true }, screen(80));
    expect(text).toContain('MPC');
    expect(text).not.toMatch(/State block|ring 0/);
    expect(renderDump(DUMP, { rings: true }, screen(50))).not.toContain('CTRL');
  });

  it('has only the cards it has', () => {
    expect(selected(DUMP, 'eth0').nics).toHaveLength(1);
    expect(() => selected(DUMP, 'eth7')).toThrow('--nic eth7: the dump has only eth0');
  });
});
