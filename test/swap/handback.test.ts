/** What drivers may rely on when a swap is undone: the state block as it was, the export, and to be activated. */
import { describe, expect, it } from 'vitest';
import { batching } from '../../src/drivers/nic/batching.ts';
import { interrupt } from '../../src/drivers/nic/interrupt.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { EIMC } from '../../src/hw/nic/datasheet.ts';
import type { Method } from '../../src/swap/plan.ts';
import { countCard, expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';
import { altered, Fault, throwingIn, throwingInPoll } from './faulty.ts';

const METHODS: readonly Method[] = ['inplace', 'drain'];

/** Under load, and more frames to come than a swap lasts. */
function loaded(driver: string, drivers: Parameters<typeof TestMachine.started>[0]): TestMachine {
  const machine = TestMachine.started({
    cards: [{ driver, app: 'echo', queues: 2, flows: 8, frames: 30_000 }],
    ...drivers,
  });
  machine.runFor(30);
  return machine;
}

describe('a swap that is undone', () => {
  it('puts the state block back as it was, whatever the new driver has done to it', () => {
    const bad = altered('scribbler', polling, (_, { state }) => ({
      importState: () => {
        const { words } = state.memory;
        words.fill(12345, state.rx(0), state.rx(0) + 10);
        words.fill(-1, state.tx(1), state.tx(1) + 5);
        state.setHeader('rxActive', 0);
        throw new Fault('scribbled');
      },
    }));
    const machine = loaded('interrupt', { drivers: [bad] });
    expect(machine.swap('scribbler')).toMatchObject({ outcome: 'rolledBack', phase: 'transfer' });
    expectClean(machine.conclude());
  });

  it('has the new driver export what it holds elsewhere, though it failed', () => {
    // Its doorbells are rung by the export alone.
    const late = altered('late-export', batching, (driver, { port }) => {
      let polls = 0;
      return {
        quiesce: () => port.write32(EIMC, 0xff),
        poll: (budget) => {
          const frames = driver.poll(budget);
          if (++polls === 3) throw new Fault('poll 3 failed');
          return frames;
        },
      };
    });
    const machine = TestMachine.started({
      cards: [{ driver: 'interrupt', app: 'echo', frames: 20_000 }],
      drivers: [late],
    });
    machine.runFor(30);
    const record = machine.swap('late-export', { txBatch: 256, holdPolls: 1024, burst: 10 });
    expect(record).toMatchObject({ outcome: 'rolledBack', phase: 'probation', reason: 'poll 3 failed' });
    expectClean(machine.conclude());
  });

  it.each(
    METHODS.flatMap((method) => ['transfer', 'commit', 'probation'].map((phase) => ({ method, phase }))),
  )(
    'in $phase ($method) activates the old driver again: one that stands still until then goes on',
    ({ method, phase }) => {
      const still = altered('still', interrupt, (driver) => {
        let quiet = false;
        return {
          quiesce: () => {
            quiet = true;
            driver.quiesce();
          },
          activate: () => {
            quiet = false;
            driver.activate();
          },
          poll: (budget) => (quiet ? 0 : driver.poll(budget)),
        };
      });
      const bad = { transfer: throwingIn('importState', 'after'), commit: throwingIn('activate', 'before') };
      const next = phase === 'transfer' || phase === 'commit' ? bad[phase] : throwingInPoll(2);
      const machine = loaded('still', { drivers: [still, next] });
      expect(machine.swap(next.name, {}, method)).toMatchObject({ outcome: 'rolledBack', phase });
      const before = countCard(machine.memory, machine.layout.cards[0]).delivered.frames;
      expectClean(machine.conclude());
      expect(countCard(machine.memory, machine.layout.cards[0]).delivered.frames).toBeGreaterThan(before);
    },
  );
});
