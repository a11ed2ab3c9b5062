/** What a swap of a disk will do, told without a disk. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../src/drivers/index.ts';
import type { DiskDriverDefinition } from '../../src/drivers/nvme/contract.ts';
import { resolveParameters, type Parameters as Values } from '../../src/drivers/parameters.ts';
import { planDiskSwap } from '../../src/swap/disk-plan.ts';
import type { Method } from '../../src/swap/plan.ts';
import { describeDiskSteps } from '../../src/swap/wording.ts';

function driver(name: string): DiskDriverDefinition {
  const found = DISK_DRIVERS.find((definition) => definition.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

function plan(from: string, to: string, given: Values = {}, method: Method = 'inplace') {
  const old = driver(from);
  const fromParameters = resolveParameters(old.name, old.parameters, { queueDepth: 64 });
  return planDiskSwap({ from: old, fromParameters, to: driver(to), given, method, queues: 2 });
}

const kinds = (...of: Parameters<typeof plan>) => plan(...of).steps.map(({ kind }) => kind);

describe('the plan of a disk swap', () => {
  it('does nothing between quiesce and commit that takes long or asks the disk', () => {
    expect(kinds('interrupt', 'polling')).toEqual([
      'agree',
      'create',
      'configure',
      'warm',
      'quiesce',
      'export',
      'validate',
      'import',
      'point',
      'activate',
      'watch',
      'release',
    ]);
  });

  it('has a buffer written out first where the new driver would not know it, and hands it over where it does', () => {
    expect(kinds('buffered', 'polling')).toContain('settle');
    expect(kinds('buffered', 'polling').indexOf('settle')).toBeLessThan(
      kinds('buffered', 'polling').indexOf('quiesce'),
    );
    expect(kinds('buffered', 'buffered')).not.toContain('settle');
    expect(plan('buffered', 'buffered').format).not.toBe(plan('buffered', 'polling').format);
  });

  it('drains when asked to, before the pause', () => {
    const steps = kinds('polling', 'batching', {}, 'drain');
    expect(steps.indexOf('drain')).toBe(steps.indexOf('quiesce') - 1);
  });

  it('makes queue pairs of another depth before the pause, and moves queues after the probation, one by one', () => {
    const { parameters, moves, newSlots } = plan('polling', 'batching', { queueDepth: 256 });
    expect({ depth: parameters.queueDepth, moves, newSlots }).toEqual({
      depth: 256,
      moves: [0, 1],
      newSlots: 256,
    });
    const steps = kinds('polling', 'batching', { queueDepth: 256 });
    expect(steps.slice(0, 2)).toEqual(['agree', 'makeRings']);
    expect(steps.slice(-4)).toEqual(['watch', 'moveQueues', 'moveQueues', 'release']);
  });

  it('keeps the pairs where the depth stays, asked for or not', () => {
    expect(plan('polling', 'batching').moves).toEqual([]);
    expect(plan('polling', 'batching', { queueDepth: 64 }).moves).toEqual([]);
    expect(plan('polling', 'batching').parameters.queueDepth).toBe(64);
  });

  it('resets the controller in the pause, before the new driver takes anything over, and asks the disk nothing before', () => {
    expect(kinds('interrupt', 'polling', {}, 'reset')).toEqual([
      'agree',
      'create',
      'quiesce',
      'export',
      'tearDown',
      'coldStart',
      'validate',
      'import',
      'point',
      'activate',
      'resubmit',
      'watch',
      'release',
    ]);
    expect(plan('interrupt', 'polling', {}, 'reset').notes).toEqual([
      'flushes, discards and zeroes that are in flight end with an error',
    ]);
  });

  it('takes another depth with a reset, where all queue pairs are made anew, without moving any', () => {
    const { parameters, moves, newSlots } = plan('polling', 'batching', { queueDepth: 256 }, 'reset');
    expect({ depth: parameters.queueDepth, moves, newSlots }).toEqual({
      depth: 256,
      moves: [],
      newSlots: 256,
    });
    expect(plan('polling', 'batching', {}, 'reset').newSlots).toBe(64);
    const steps = kinds('polling', 'batching', { queueDepth: 256 }, 'reset');
    expect(steps).toEqual(kinds('polling', 'batching', {}, 'reset'));
  });

  it('has a buffer written out before a reset too, only where the new driver would not know it', () => {
    const steps = kinds('buffered', 'polling', {}, 'reset');
    expect(steps.indexOf('settle')).toBe(steps.indexOf('quiesce') - 1);
    expect(kinds('buffered', 'buffered', {}, 'reset')).not.toContain('settle');
  });

  it.each(
    DISK_DRIVERS.flatMap(({ name }) =>
      (['inplace', 'drain', 'reset'] as const).map((m) => [name, m] as const),
    ),
  )('has a sentence for each step from %s to polling by %s', (from, method) => {
    const made = plan(from, 'polling', { queueDepth: 32 }, method);
    expect(describeDiskSteps(from, 'polling', made)).toHaveLength(made.steps.length);
  });

  it('refuses values out of range, and drivers of another device', () => {
    expect(() => plan('polling', 'batching', { queueDepth: 4096 })).toThrow(/queueDepth=4096/);
    const from = driver('polling');
    const to = NIC_DRIVERS[0];
    expect(() =>
      planDiskSwap({ from, fromParameters: {}, to, given: {}, method: 'inplace', queues: 1 }),
    ).toThrow(/drives nic, not nvme/);
  });
});
