import { describe, expect, it, vi } from 'vitest';
import { batching } from '../../src/drivers/nic/batching.ts';
import { interrupt } from '../../src/drivers/nic/interrupt.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { planSwap, type Situation } from '../../src/swap/plan.ts';
import { PlanMemory } from '../../src/swap/plan-memory.ts';
import { sameRings } from '../../src/swap/situation.ts';

const DEFAULTS = { rxRing: 512, rxBuffers: 511, txRing: 512, rxBurst: 32 };
const RING = { queue: 0, slots: 512, posted: 511, steered: true };

function situation(of: Partial<Situation> = {}): Situation {
  const common = { from: interrupt, fromParameters: DEFAULTS, to: polling, given: {} };
  return { ...common, method: 'inplace', queues: 1, rings: [RING], ...of };
}

function memory() {
  const make = vi.fn(planSwap);
  return { make, plans: new PlanMemory(make, sameRings) };
}

describe('plans that were made before', () => {
  it('are found by equal situations', () => {
    const { make, plans } = memory();
    const plan = plans.planFor(situation({ given: { rxBuffers: 100 } }));
    const again = situation({
      fromParameters: { ...DEFAULTS },
      given: { rxBuffers: 100 },
      rings: [{ ...RING }],
    });
    expect(plans.planFor(again)).toBe(plan);
    expect(make).toHaveBeenCalledTimes(1);
  });

  it.each<Partial<Situation>>([
    { from: batching },
    { to: batching },
    { fromParameters: { ...DEFAULTS, rxBuffers: 64 } },
    { fromParameters: { rxRing: 512, rxBuffers: 511 } },
    { given: { rxBuffers: 64 } },
    { method: 'drain' },
    { queues: 2 },
    { rings: [] },
    { rings: [{ ...RING, slots: 256 }] },
    { rings: [{ ...RING, posted: 512 }] },
    { rings: [{ ...RING, steered: false }] },
    { rings: [{ ...RING, queue: 1 }] },
  ])('are not taken where %o', (other) => {
    const { make, plans } = memory();
    plans.planFor(situation());
    expect(plans.planFor(situation(other))).toEqual(planSwap(situation(other)));
    expect(make).toHaveBeenCalledTimes(2);
  });

  it('are forgotten one by one, the oldest first', () => {
    const { make, plans } = memory();
    for (let buffers = 100; buffers < 200; buffers++)
      plans.planFor(situation({ given: { rxBuffers: buffers } }));
    make.mockClear();
    plans.planFor(situation({ given: { rxBuffers: 199 } }));
    expect(make).not.toHaveBeenCalled();
    plans.planFor(situation({ given: { rxBuffers: 100 } }));
    expect(make).toHaveBeenCalledOnce();
  });

  it('are none where there can be no plan', () => {
    const { plans } = memory();
    const impossible = situation({ given: { rxRing: 100 } });
    for (let time = 0; time < 2; time++) expect(() => plans.planFor(impossible)).toThrow('a power of two');
  });
});
