/** What a swap of a disk will do, told without a disk. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS, NIC_DRIVERS } from '../../src/drivers/index.ts';
import type { DiskDriverDefinition } from '../../src/drivers/nvme/contract.ts';
import { resolveParameters, type Parameters as Values } from '../../src/drivers/parameters.ts';
import { planDiskSwap } from '../../src/swap/disk-plan.ts';
import type { Method } from '../../src/swap/plan.ts';

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

  it('refuses a reset, values out of range, and drivers of another device', () => {
    expect(() => plan('polling', 'batching', {}, 'reset')).toThrow(/not swapped by a reset/);
    expect(() => plan('polling', 'batching', { queueDepth: 4096 })).toThrow(/queueDepth=4096/);
    const from = driver('polling');
    const to = NIC_DRIVERS[0];
    expect(() =>
      planDiskSwap({ from, fromParameters: {}, to, given: {}, method: 'inplace', queues: 1 }),
    ).toThrow(/drives nic, not nvme/);
  });
});
