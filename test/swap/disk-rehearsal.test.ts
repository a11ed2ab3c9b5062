/** The scratch disk on which the code of swaps is run before it meets a real one. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS } from '../../src/drivers/index.ts';
import type { DiskDriverDefinition } from '../../src/drivers/nvme/contract.ts';
import { DISK_FORMAT } from '../../src/drivers/nvme/state.ts';
import { resolveParameters } from '../../src/drivers/parameters.ts';
import { SwapDesk } from '../../src/swap/desk.ts';
import { DISK_KIND, type DiskTypes } from '../../src/swap/disk-kind.ts';
import { rehearseDisks } from '../../src/swap/disk-rehearsal.ts';
import { SwapHost } from '../../src/swap/host.ts';
import { PATIENCE } from '../../src/swap/probation.ts';
import type { SwapRecord } from '../../src/swap/record.ts';
import { SCRATCH_DEPTH, ScratchDisk } from '../../src/swap/scratch-disk.ts';
import { POLL_BUDGET, Slot } from '../../src/swap/slot.ts';
import { Understudy } from '../../src/swap/understudy.ts';
import { telling } from './spied.ts';

const CLOCK = { nowUs: () => 0 };

function scratch(name: string) {
  const disk = new ScratchDisk(CLOCK);
  const definition = DISK_DRIVERS.find((driver) => driver.name === name);
  if (definition === undefined) throw new Error(`there is no ${name}`);
  const parameters = resolveParameters(name, definition.parameters, { queueDepth: SCRATCH_DEPTH });
  const driver = definition.create(disk.environment, parameters);
  driver.importState(DISK_FORMAT);
  driver.activate();
  const slot = new Slot<DiskTypes>(0, DISK_KIND, disk.environment, definition, parameters, driver);
  disk.slot = slot;
  return { disk, slot };
}

describe('the scratch disk', () => {
  it.each(DISK_DRIVERS.map(({ name }) => name))('gives %s requests without end, and all are done', (name) => {
    const { disk, slot } = scratch(name);
    let done = 0;
    for (let turn = 0; turn < 500; turn++) {
      disk.turn(4);
      slot.driver.interrupt(1);
      done += slot.driver.poll(POLL_BUDGET);
    }
    expect(done).toBeGreaterThan(500);
    for (let request = 0; request < SCRATCH_DEPTH; request++)
      expect(disk.environment.requests.status(request)).toBeLessThanOrEqual(0);
  });

  it('answers admin commands, so that swaps of all pairs come to their end on it', () => {
    const { disk, slot } = scratch('interrupt');
    const host = new SwapHost([slot], disk.bell, PATIENCE, () => undefined);
    const nvme = new Map(DISK_DRIVERS.map((definition) => [definition.name, definition]));
    const ended: SwapRecord[] = [];
    const round = { intervalUs: 1, method: 'inplace', vary: {} } as const;
    const desk = new SwapDesk(host, [slot], { nic: new Map(), nvme }, [], round, 1, (record) =>
      ended.push(record),
    );
    desk.start(0);
    for (let poll = 0; poll < 20_000 && ended.length < 32; poll++) {
      disk.turn(6);
      slot.driver.interrupt(1);
      desk.poll(slot);
      desk.tick(poll * 2);
    }
    expect(ended.map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual(new Array(32).fill('done '));
    expect(new Set(ended.map(({ from, to }) => `${from} ${to}`)).size).toBe(16);
  });
});

describe('the rehearsal of disks', () => {
  let us = 0;
  const clock = { nowUs: () => (us += 0.125) };

  it('leaves behind who plays the pause of any pair through, as often as it is asked for', () => {
    const calls: string[] = [];
    const drivers = DISK_DRIVERS.map((definition) => spied(definition, (call) => calls.push(call)));
    const understudy = new Understudy();
    rehearseDisks(drivers, clock, understudy);
    for (let round = 0; round < 3; round++)
      for (const from of drivers)
        for (const to of drivers) {
          calls.length = 0;
          understudy.play(from, to);
          expect(calls).toEqual([
            ...['quiesce', 'exportState'].map((call) => `${from.name} ${call}`),
            ...['importState', 'activate'].map((call) => `${to.name} ${call}`),
          ]);
        }
  });

  it('says nothing of a driver that throws there', () => {
    const [good] = DISK_DRIVERS;
    const bad = { ...good, create: () => throwsAtOnce() };
    const understudy = new Understudy();
    expect(() => rehearseDisks([good, bad], clock, understudy)).not.toThrow();
    expect(() => understudy.play(good, bad)).not.toThrow();
  });
});

function throwsAtOnce(): never {
  throw new Error('not on a scratch disk');
}

function spied(definition: DiskDriverDefinition, tell: (call: string) => void): DiskDriverDefinition {
  const { name, create } = definition;
  return {
    ...definition,
    create: (environment, parameters) => telling(create(environment, parameters), name, tell),
  };
}
