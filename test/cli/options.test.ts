import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type ScenarioFlags, scenarioFromFlags } from '../../src/cli/options.ts';
import { number } from '../../src/cli/values.ts';
import { UsageError } from '../../src/testbed/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-options-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function complaint(flags: ScenarioFlags): string {
  try {
    scenarioFromFlags(flags);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : '';
  }
  return 'no complaint';
}

describe('numbers', () => {
  it.each([
    ['5000000', 5e6],
    ['20_000_000', 2e7],
    ['5M', 5e6],
    ['250k', 250_000],
    ['1.1M', 1_100_000],
    ['5e6', 5e6],
    ['imix', 'imix'],
    ['-1', '-1'],
  ])('reads %s as %s', (text, value) => expect(number(text)).toBe(value));
});

describe('flags', () => {
  it('make one card when none is named', () => {
    expect(scenarioFromFlags({})).toEqual({ nics: [{ name: 'eth0' }] });
  });

  it('are the keys of a scenario', () => {
    const flags = {
      app: 'echo',
      size: 'imix',
      flows: '32',
      rate: '1M',
      link: 'open',
      frames: '5M',
      seed: '7',
    };
    expect(scenarioFromFlags({ ...flags, memory: '64M', pcapOut: 'out.pcapng', dump: 'end.dump' })).toEqual({
      nics: [{ name: 'eth0' }],
      ...{ app: 'echo', size: 'imix', flows: 32, rate: 1e6, link: 'open', frames: 5e6, seed: 7 },
      ...{ memory: '64M', pcapOut: 'out.pcapng', dump: 'end.dump' },
    });
  });

  it.each(['max', 'recorded', 'recorded*2.5'])('take the rate %s as it is', (rate) => {
    expect(scenarioFromFlags({ rate }).rate).toBe(rate);
  });

  it('describe cards, with parameters for their drivers', () => {
    const nic = ['eth0,queues=4,app=echo,size=64,rate=250k', 'eth1,driver=polling:rxRing=1024,rxBuffers=512'];
    expect(scenarioFromFlags({ nic }).nics).toEqual([
      { name: 'eth0', queues: 4, app: 'echo', size: 64, rate: 250_000 },
      { name: 'eth1', driver: { name: 'polling', parameters: { rxRing: 1024, rxBuffers: 512 } } },
    ]);
  });

  it('name drivers by name or path', () => {
    expect(scenarioFromFlags({ driver: 'polling' }).driver).toEqual({ name: 'polling' });
    expect(scenarioFromFlags({ driver: 'C:\\mine.js:burst=32,rxRing=64' }).driver).toEqual({
      name: 'C:\\mine.js',
      parameters: { burst: 32, rxRing: 64 },
    });
  });

  it('schedule swaps of the only card', () => {
    const swap = ['at=1s,to=polling,rxBuffers=2048', 'at=1.5s,nic=eth0,to=batching,method=drain'];
    expect(scenarioFromFlags({ swap }).swaps).toEqual([
      { at: '1s', nic: 'eth0', to: 'polling', parameters: { rxBuffers: 2048 } },
      { at: '1.5s', nic: 'eth0', to: 'batching', method: 'drain' },
    ]);
  });

  it('hand over behind a swap', () => {
    const swap = ['at=1s,to=batching,cpu=standby'];
    expect(scenarioFromFlags({ swap, standby: true }).swaps).toEqual([
      { at: '1s', nic: 'eth0', to: 'batching', cpu: 'standby' },
    ]);
    expect(complaint({ swap: ['at=1s,to=polling,cpu=1'] })).toBe(
      '--swap at=1s,to=polling,cpu=1: cpu is "1", but must be "standby"',
    );
  });

  it('repeat swaps with varied parameters', () => {
    expect(scenarioFromFlags({ swapEvery: '5ms' }).swapEvery).toEqual({ interval: '5ms' });
    expect(scenarioFromFlags({ swapEvery: '5ms,rxBuffers=256/1024,method=reset' }).swapEvery).toEqual({
      interval: '5ms',
      method: 'reset',
      vary: { rxBuffers: [256, 1024] },
    });
  });

  it.each<[string, ScenarioFlags]>([
    ['--size big: size is "big", but must be a whole number from 64 to 9216 or "imix"', { size: 'big' }],
    ['--nic a,queues=9: queues is 9, but must be a whole number from 1 to 8', { nic: ['a,queues=9'] }],
    ['--nic a,queus=4: queus is no known key (did you mean "queues"?)', { nic: ['a,queus=4'] }],
    ['--nic a,queues: "queues" is not of the form key=value', { nic: ['a,queues'] }],
    ['--nic a,app=sink,app=echo: "app" is given twice', { nic: ['a,app=sink,app=echo'] }],
    ['--swap to=polling: lacks "at"', { swap: ['to=polling'] }],
    ['--pcap-out : pcapOut is empty, but must be text', { pcapOut: '' }],
  ])('are refused: %s', (message, flags) => expect(complaint(flags)).toBe(message));

  it('are refused when they contradict each other', () => {
    expect(complaint({ frames: '5M', duration: '1s' })).toContain('both "frames" and "duration"');
    expect(complaint({ capture: 'a.pcap', size: '64' })).toContain('both "capture" and "size"');
  });

  it('must say which card is swapped when there are several', () => {
    expect(complaint({ nic: ['a', 'b'], swap: ['at=1s,to=polling'] })).toContain('one of nic=a, nic=b');
  });
});

describe('a scenario file', () => {
  it('stands below the flags, key by key', () => {
    const scenario = file('run.json', {
      nics: [{ name: 'a' }],
      capture: 'x.pcap',
      duration: '5s',
      app: 'echo',
    });
    expect(scenarioFromFlags({ scenario, size: '64', frames: '100', swap: ['at=1ms,to=polling'] })).toEqual({
      nics: [{ name: 'a' }],
      app: 'echo',
      size: 64,
      frames: 100,
      swaps: [{ at: '1ms', nic: 'a', to: 'polling' }],
    });
  });

  it('has its captures and driver modules looked for beside it', () => {
    const capture = file('near.pcap', '');
    const module = file('mine.mjs', '');
    const nics = [{ name: 'a', capture: 'near.pcap', driver: { name: './mine.mjs' } }];
    const disks = [{ name: 'd', media: 'none.img', driver: { name: 'mine.mjs', parameters: { depth: 1 } } }];
    const scenario = file('beside.json', { capture: 'far.pcap', nics, disks, driver: { name: 'polling' } });
    expect(scenarioFromFlags({ scenario })).toEqual({
      capture: 'far.pcap',
      nics: [{ name: 'a', capture, driver: { name: module } }],
      disks: [{ name: 'd', media: 'none.img', driver: { name: module, parameters: { depth: 1 } } }],
      driver: { name: 'polling' },
    });
  });

  it('is refused with its name and the place', () => {
    const wrong = file('wrong.json', { nics: [{ name: 'a', queues: 0 }] });
    expect(complaint({ scenario: wrong })).toBe(
      `${wrong}: /nics/0/queues is 0, but must be a whole number from 1 to 8`,
    );
    expect(complaint({ scenario: file('bad.json', '{\n"frames": 5,\n}') })).toMatch(
      /bad\.json is no JSON: .*line 3/,
    );
    expect(complaint({ scenario: join(folder, 'none.json') })).toContain('cannot read the scenario');
  });
});
