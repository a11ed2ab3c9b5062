/** Drivers that spoil one frame in many, as the ledger sees them. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../src/hw/link/capture.ts';
import { FlowIdentity } from '../../src/hw/link/identity.ts';
import { type Report, type Scenario, Testbed } from '../../src/testbed/index.ts';
import { ringswap } from '../cli/command.ts';

const ONE_IN = 100_000;
const FLOWS = 16;

interface Saboteur {
  readonly name: string;
  readonly invariant: string;
  readonly words: string;
  /** What the report counts of a run that ends at the first spoilt frame, or at its last one. */
  readonly counts: { lost: number; duplicated: number; reordered: number; damaged: number };
}

const NOTHING = { lost: 0, duplicated: 0, reordered: 0, damaged: 0 };
const LOSES: Saboteur = {
  name: 'loses',
  invariant: 'delivery',
  words: 'was never delivered',
  counts: { ...NOTHING, lost: 1 },
};
const SABOTEURS: readonly Saboteur[] = [
  LOSES,
  {
    name: 'repeats',
    invariant: 'order',
    words: 'was delivered twice',
    counts: { ...NOTHING, duplicated: 1 },
  },
  {
    name: 'exchanges',
    invariant: 'order',
    words: 'was delivered after a later one',
    counts: { ...NOTHING, reordered: 1 },
  },
  { name: 'flips', invariant: 'damage', words: 'was delivered damaged', counts: { ...NOTHING, damaged: 1 } },
];

function modulePath(name: string): string {
  return `test/exec/drivers/${name}.mjs`;
}

/** Flows take turns, so the n-th frame of a single queue says which it is. */
function generatedFrame(number: number): { flow: number; sequence: number } {
  return { flow: (number - 1) % FLOWS, sequence: Math.floor((number - 1) / FLOWS) };
}

/** Flows are numbered as they first appear, sequence numbers go on from round to round. */
function capturedFrame(number: number): { flow: number; sequence: number } {
  const { frames } = readCapture(fileURLToPath(new URL('../../data/lan-mix.pcap', import.meta.url)));
  const identity = new FlowIdentity();
  const keys = frames.map(({ bytes }) => {
    const padded = new Uint8Array(Math.max(60, bytes.length));
    padded.set(bytes);
    identity.read(padded, 0, padded.length, false);
    return `${identity.a} ${identity.b}`;
  });
  const index = (number - 1) % frames.length;
  const rounds = Math.floor((number - 1) / frames.length);
  const key = keys[index];
  const before = keys.slice(0, index).filter((other) => other === key).length;
  const ofFlow = keys.filter((other) => other === key).length;
  return { flow: [...new Set(keys)].indexOf(key ?? ''), sequence: rounds * ofFlow + before };
}

function expectNamed(
  report: Report,
  { invariant, words, counts }: Saboteur,
  where: { queue: number; flow: number; sequence: number },
): void {
  expect(report.verdict).toBe('fail');
  expect(report.devices.eth0).toMatchObject(counts);
  expect(report.violations).toEqual([
    {
      ...{ invariant, device: 'eth0', ...where },
      message: `frame ${where.sequence} of flow ${where.flow} ${words}`,
    },
  ]);
}

describe.each(SABOTEURS)('a driver that $name one frame in many', (saboteur) => {
  const { name } = saboteur;
  const driver = (parameters: Record<string, number>) => ({ name: modulePath(name), parameters });

  it('fails the run, and the frame is named', async () => {
    const scenario: Scenario = { size: 64, flows: FLOWS, frames: ONE_IN + 10_000 };
    const report = await new Testbed({ ...scenario, driver: driver({ oneIn: ONE_IN }) }).run();
    expectNamed(report, saboteur, { queue: 0, ...generatedFrame(ONE_IN) });
  });

  it('fails the run of a capture, and the frame is named', async () => {
    const scenario: Scenario = { capture: 'data/lan-mix.pcap', frames: 30_000 };
    const report = await new Testbed({ ...scenario, driver: driver({ oneIn: 20_000 }) }).run();
    expectNamed(report, saboteur, { queue: 0, ...capturedFrame(20_000) });
  });

  it('is found out on one queue of four', async () => {
    const scenario: Scenario = { nics: [{ name: 'eth0', queues: 4 }], size: 64, flows: 64, frames: 30_000 };
    const report = await new Testbed({ ...scenario, driver: driver({ oneIn: 5000, queue: 2 }) }).run();
    expect(report.verdict).toBe('fail');
    expect(report.devices.eth0).toMatchObject(saboteur.counts);
    const [violation] = report.violations;
    expect(violation).toMatchObject({ invariant: saboteur.invariant, device: 'eth0', queue: 2 });
    expect(violation?.message).toBe(
      `frame ${violation?.sequence} of flow ${violation?.flow} ${saboteur.words}`,
    );
  });

  it('that comes by a swap is named with the swap in whose time it was', async () => {
    const swaps = [{ at: '1ms', nic: 'eth0', to: modulePath(name), parameters: { oneIn: 3 } }];
    const report = await new Testbed({ size: 64, flows: 1, frames: 100_000, swaps }).run();
    expect(report.verdict).toBe('fail');
    const { invariant } = saboteur;
    expect(report.violations[0]).toMatchObject({
      invariant,
      device: 'eth0',
      queue: 0,
      swap: 1,
      phase: 'probation',
    });
  });

  it('makes the command end with status 1, and say which frame it was', async () => {
    const flags = [
      '--size',
      '64',
      '--frames',
      `${ONE_IN + 10_000}`,
      '--driver',
      `${modulePath(name)}:oneIn=${ONE_IN}`,
    ];
    const { status, stdout, stderr } = await ringswap(['run', ...flags]);
    expect({ status, stderr }).toEqual({ status: 1, stderr: '' });
    const { flow, sequence } = generatedFrame(ONE_IN);
    const text = stdout.replace(/\s+/g, ' ');
    expect(text).toContain(
      `${saboteur.invariant} on eth0, queue 0, flow ${flow}, sequence ${sequence.toLocaleString('en-US')}`,
    );
    expect(text).toContain(`frame ${sequence} of flow ${flow} ${saboteur.words}`);
    expect(stdout.split('\n').at(-2)).toMatch(/^FAIL /);
  });
});

describe('a bit turned over', () => {
  it.each([
    ['the destination address', 3],
    ['the addresses of a flow', 8 * 28],
    ['the number of the flow', 8 * 42],
    ['the last byte', 8 * 59 + 7],
  ])('in %s is found', async (_, bit) => {
    const driver = { name: modulePath('flips'), parameters: { oneIn: 5000, bit } };
    const report = await new Testbed({ size: 64, frames: 9000, driver }).run();
    expect(report.verdict).toBe('fail');
    expect(report.devices.eth0).toMatchObject({ damaged: 1, duplicated: 0, reordered: 0 });
    expect(report.violations[0]).toMatchObject({ invariant: 'damage', device: 'eth0', queue: 0 });
  });
});

describe('one frame in a million', () => {
  it('is one too many', async () => {
    const driver = { name: modulePath('loses') };
    const report = await new Testbed({ size: 64, flows: FLOWS, frames: 1_010_000, driver }).run();
    expectNamed(report, LOSES, { queue: 0, ...generatedFrame(1_000_000) });
  });

  it('is missed even if it was the last, and no later frame tells', async () => {
    const driver = { name: modulePath('loses'), parameters: { oneIn: 20_000 } };
    const report = await new Testbed({ size: 64, frames: 20_000, driver }).run();
    expect(report.verdict).toBe('fail');
    expect(report.devices.eth0).toMatchObject({ offered: 20_000, delivered: 19_999, lost: 1 });
    expect(report.violations).toMatchObject([{ invariant: 'delivery', device: 'eth0' }]);
  });
});
