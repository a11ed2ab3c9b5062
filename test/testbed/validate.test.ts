import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import schema from '../../schemas/scenario.schema.json' with { type: 'json' };
import { UsageError } from '../../src/testbed/errors.ts';
import type {
  DiskScenario,
  NicScenario,
  Scenario,
  SwapEveryScenario,
  SwapScenario,
} from '../../src/testbed/scenario.ts';
import { validateScenario } from '../../src/testbed/validate.ts';

// `Required` makes the compiler ask for every key of the types, so that the schema can be held against them.
const NIC: Required<Omit<NicScenario, 'size'>> = {
  name: 'eth0',
  queues: 7,
  capture: 'lan.pcap',
  flows: 4,
  rate: 'recorded*1.5',
  link: 'open',
  driver: { name: './mine.js', parameters: { rxRing: 512 } },
  app: 'forward',
};
const SWAP: Required<Omit<SwapScenario, 'disk'>> = {
  at: '1.5ms',
  nic: 'eth0',
  to: 'polling',
  parameters: { rxBuffers: 64 },
  method: 'reset',
  cpu: 'standby',
};
const SWAP_EVERY: Required<SwapEveryScenario> = {
  interval: '5ms',
  method: 'drain',
  vary: { rxRing: [64, 128] },
};
const DISK: Required<DiskScenario> = {
  name: 'nvme0',
  size: '256M',
  media: './disk.img',
  cache: 0,
  queues: 2,
  requests: 5000,
  driver: { name: 'polling' },
  rw: 'randrw',
  bs: '4K',
  iodepth: 64,
  rwmixread: 70,
  verify: true,
  flushEvery: 100,
  fua: 2,
};
const FULL: Required<Omit<Scenario, 'capture' | 'duration'>> = {
  size: 'imix',
  flows: 16,
  rate: 1e6,
  link: 'lossless',
  driver: { name: 'polling' },
  app: 'echo',
  rw: 'read',
  bs: 65536,
  iodepth: 8,
  rwmixread: 50,
  verify: false,
  flushEvery: 0,
  fua: 0,
  nics: [NIC],
  disks: [DISK],
  frames: 1000,
  swaps: [SWAP],
  swapEvery: SWAP_EVERY,
  standby: true,
  memory: '64M',
  seed: 0,
  pcapOut: 'out.pcapng',
  dump: 'end.dump',
};

const sorted = (...names: string[]) => names.sort();

function complaint(value: unknown): string {
  try {
    validateScenario(value, 'run.json');
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : '';
  }
  return 'no complaint';
}

describe('the scenario schema', () => {
  it('takes all that the types allow', () => {
    expect(validateScenario(FULL, 'full')).toEqual(FULL);
    expect(validateScenario({}, 'empty')).toEqual({});
    const { frames: _, ...timed } = FULL;
    expect(validateScenario({ ...timed, duration: '1m', memory: 1 }, 'timed').duration).toBe('1m');
  });

  it('knows no key that the types do not know', () => {
    const { nic, disk, swap, swapEvery, driver } = schema.$defs;
    const top = sorted(...Object.keys(FULL), 'capture', 'duration', '$schema');
    expect(Object.keys(schema.properties).sort()).toEqual(top);
    expect(Object.keys(nic.properties).sort()).toEqual(sorted(...Object.keys(NIC), 'size'));
    expect(Object.keys(disk.properties).sort()).toEqual(sorted(...Object.keys(DISK)));
    expect(Object.keys(swap.properties).sort()).toEqual(sorted(...Object.keys(SWAP), 'disk'));
    expect(Object.keys(swapEvery.properties).sort()).toEqual(sorted(...Object.keys(SWAP_EVERY)));
    expect(Object.keys(driver.properties).sort()).toEqual(sorted(...Object.keys(NIC.driver)));
  });

  it('takes the scenario of npm start, its pointer for editors removed', () => {
    const start: unknown = JSON.parse(
      readFileSync(new URL('../../data/start.json', import.meta.url), 'utf8'),
    );
    expect(validateScenario(start, 'start.json')).not.toHaveProperty('$schema');
  });
});

describe('what does not fit', () => {
  it.each<[string, unknown]>([
    ['the scenario is null, but must be an object', null],
    ['the scenario is a list, but must be an object', [1]],
    ['/nics is an empty list, but must be a list of at least 1', { nics: [] }],
    ['/nics/0/queus is no known key (did you mean "queues"?)', { nics: [{ name: 'a', queus: 3 }] }],
    ['/nics/0/queues is 9, but must be a whole number from 1 to 8', { nics: [{ name: 'a', queues: 9 }] }],
    ['/nics/0 lacks "name"', { nics: [{}] }],
    ['/nics/0 has both "capture" and "size"; give one of them', { nics: [{ ...NIC, size: 64 }] }],
    ['the scenario has both "frames" and "duration"; give one of them', { ...FULL, duration: '1s' }],
    ['/size is 63, but must be a whole number from 64 to 9216 or "imix"', { size: 63 }],
    ['/frames is 0.5, but must be a whole number of at least 1', { frames: 0.5 }],
    ['/app is 5, but must be text like "sink", "echo", "forward" or "./mine.mjs"', { app: 5 }],
    ['/nics/0/link is "lossy", but must be "lossless" or "open"', { nics: [{ name: 'a', link: 'lossy' }] }],
    ['/driver is "polling", but must be an object', { driver: 'polling' }],
    ['/driver/parameters/a is "1", but must be a number', { driver: { name: 'a', parameters: { a: '1' } } }],
    ['/duration is "5 s", but must be text like "250us", "1.5ms", "5s" or "1m"', { duration: '5 s' }],
    [
      '/rate is "fast", but must be a number of at least 1, "max", "recorded" or text like "recorded*2.5"',
      { rate: 'fast' },
    ],
  ])('is told with its place: %s', (message, value) => expect(complaint(value)).toBe(`run.json: ${message}`));

  it('lists the known keys when none is close', () => {
    expect(complaint({ xyzzy: 1 })).toMatch(
      /^run\.json: \/xyzzy is no known key; known here: capture, size, /,
    );
  });
});
