/** Drivers that throw, in each phase of a swap and outside of any: the run ends orderly, with the reason told. */
import { describe, expect, it } from 'vitest';
import { cardOf, Testbed } from '../../src/testbed/index.ts';
import { ringswap } from '../cli/command.ts';
import { expectLossless, runInTurn, runUntil } from './runs.ts';

/** Values of the parameter `in` of throws.mjs. */
const PLACE = {
  create: 1,
  start: 2,
  importState: 3,
  activate: 4,
  poll: 5,
  quiesce: 6,
  exportState: 7,
  release: 8,
};
type Place = keyof typeof PLACE;
const THROWS = 'test/exec/drivers/throws.mjs';

describe('a driver that throws', () => {
  it.each<[Place, string, string, Record<string, number>]>([
    ['create', 'refused', 'prepare', {}],
    ['importState', 'rolledBack', 'transfer', {}],
    ['activate', 'rolledBack', 'commit', {}],
    ['poll', 'rolledBack', 'probation', {}],
    ['poll', 'rolledBack', 'probation', { after: 5 }],
  ])('in %s as it comes: %s in %s, and the old one serves on', async (place, outcome, phase, more) => {
    const swaps = [{ at: '10ms', nic: 'eth0', to: THROWS, parameters: { in: PLACE[place], ...more } }];
    const report = await runInTurn({ size: 64, app: 'echo', swaps }, 'eth0', [{ to: 'polling' }]);
    expectLossless(report);
    expect(report.devices.eth0).toMatchObject({
      driver: 'polling',
      transmitted: cardOf(report, 'eth0').offered,
    });
    const [refused, rolledBack] = outcome === 'refused' ? [1, 0] : [0, 1];
    expect(report.swaps).toMatchObject({ count: 1, refused, rolledBack, scheduled: 2 });
    expect(report.swaps.byPair).toMatchObject([{ from: 'interrupt', to: 'polling' }]);
    const reason = `thrown in ${place}`;
    expect(report.swaps.notes).toMatchObject([{ swap: 1, to: 'throws', outcome, phase, reason }]);
  });

  it.each<[Place, string]>([
    ['quiesce', 'quiesce'],
    ['exportState', 'transfer'],
  ])('in %s as it goes: rolled back in %s, it serves on, and goes the next time', async (place, phase) => {
    const driver = { name: THROWS, parameters: { in: PLACE[place], times: 1 } };
    const swaps = [{ at: '10ms', nic: 'eth0', to: 'batching' }];
    const report = await runInTurn({ size: 64, app: 'echo', driver, swaps }, 'eth0', [{ to: 'polling' }]);
    expectLossless(report);
    expect(report.swaps).toMatchObject({ count: 1, refused: 0, rolledBack: 1, scheduled: 2 });
    expect(report.swaps.byPair).toMatchObject([{ from: 'throws', to: 'polling' }]);
    const note = { swap: 1, from: 'throws', to: 'batching', outcome: 'rolledBack', phase };
    expect(report.swaps.notes).toMatchObject([{ ...note, reason: `thrown in ${place}` }]);
  });

  it('in release as it goes: the swap is done, with a note', async () => {
    const driver = { name: THROWS, parameters: { in: PLACE.release } };
    const report = await runUntil(1, {
      size: 64,
      driver,
      swaps: [{ at: '10ms', nic: 'eth0', to: 'polling' }],
    });
    expectLossless(report);
    expect(report.swaps).toMatchObject({ count: 1, refused: 0, rolledBack: 0 });
    const [note] = report.swaps.notes;
    expect(note).toMatchObject({ swap: 1, outcome: 'done', phase: 'retire' });
    expect(note?.reason).toContain('thrown in release');
  });

  it('in its rehearsal already is refused before the card is touched', async () => {
    const swaps = [{ at: '10ms', nic: 'eth0', to: 'test/exec/drivers/unfit.mjs' }];
    const report = await runInTurn({ size: 64, swaps }, 'eth0', [{ to: 'polling' }]);
    expectLossless(report);
    expect(report.swaps).toMatchObject({ count: 1, refused: 1, rolledBack: 0 });
    expect(report.swaps.notes).toMatchObject([
      { swap: 1, to: 'unfit', outcome: 'refused', phase: 'prepare', reason: 'thrown in importState' },
    ]);
  });

  it('in the middle of service ends the run, which fails and names it', async () => {
    const driver = { name: THROWS, parameters: { in: PLACE.poll, after: 200 } };
    const report = await new Testbed({ size: 64, duration: '60m', driver }).run();
    expect(report.verdict).toBe('fail');
    expect(report.violations).toContainEqual({
      ...{ invariant: 'driver', device: 'eth0' },
      message: 'driver throws threw: thrown in poll',
    });
  });

  it.each<Place>(['create', 'start', 'activate'])('in %s when a run begins is bad usage', async (place) => {
    const driver = `${THROWS}:in=${PLACE[place]}`;
    const { status, stdout, stderr } = await ringswap([
      'run',
      '--size',
      '64',
      '--frames',
      '10',
      '--driver',
      driver,
    ]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toBe(`ringswap: driver throws does not start: thrown in ${place}\n`);
  });
});
