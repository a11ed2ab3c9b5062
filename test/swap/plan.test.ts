/** The plan: what will be done, in which order, and how each step is undone. No device, no driver that runs. */
import { describe, expect, it } from 'vitest';
import type { NicDriverDefinition } from '../../src/drivers/contract.ts';
import { batching } from '../../src/drivers/nic/batching.ts';
import { interrupt } from '../../src/drivers/nic/interrupt.ts';
import { polling } from '../../src/drivers/nic/polling.ts';
import { ParameterError } from '../../src/drivers/parameters.ts';
import {
  buffersFor,
  METHODS,
  type Method,
  PHASES,
  type Plan,
  planSwap,
  type QueueView,
  Refusal,
  type Situation,
} from '../../src/swap/plan.ts';
import { describeSteps } from '../../src/swap/wording.ts';

const FROM = { rxRing: 512, rxBuffers: 511, txRing: 512, burst: 64, coalesceUs: 0 };

function ring(queue: number, slots = 512, more: Partial<QueueView> = {}): QueueView {
  return { queue, slots, posted: slots - 1, steered: true, ...more };
}

function situation(more: Partial<Situation> = {}): Situation {
  const queues = more.queues ?? 1;
  return {
    from: interrupt,
    fromParameters: FROM,
    to: polling,
    given: {},
    method: 'inplace',
    queues,
    rings: Array.from({ length: queues }, (_, queue) => ring(queue)),
    ...more,
  };
}

function kinds(plan: Plan): string[] {
  return plan.steps.map(({ phase, kind }) => `${phase}:${kind}`);
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}

/** With these formats, and converters that nobody calls. */
function speaking(
  exports: readonly string[],
  imports: readonly string[] = [],
  ways: readonly (readonly [string, string])[] = [],
): NicDriverDefinition {
  const converters = ways.map(([from, to]) => ({ from, to, convert: () => undefined }));
  return { ...interrupt, exports, imports, converters };
}

describe('a plan', () => {
  it('is a pure function: the same situation gives an equal plan and is left as it was', () => {
    const given = frozen(situation({ queues: 4, given: { rxRing: 1024, rxBuffers: 1000 } }));
    expect(planSwap(given)).toEqual(planSwap(given));
  });

  it('in place: prepare before pausing, then quiesce, transfer, commit, probation, retire', () => {
    expect(kinds(planSwap(situation()))).toEqual([
      'negotiate:agree',
      'prepare:create',
      'prepare:reserve',
      'prepare:warm',
      'quiesce:quiesce',
      'transfer:export',
      'transfer:validate',
      'transfer:import',
      'commit:point',
      'commit:activate',
      'probation:watch',
      'retire:release',
      'retire:trim',
    ]);
  });

  it('by drain: the same, but the rings are emptied before the old driver quiesces', () => {
    const steps = kinds(planSwap(situation({ method: 'drain' })));
    expect(steps.filter((step) => step !== 'quiesce:drain')).toEqual(kinds(planSwap(situation())));
    expect(steps.indexOf('quiesce:drain')).toBe(steps.indexOf('quiesce:quiesce') - 1);
  });

  it('by reset: no state is handed over, the card is torn down and started', () => {
    const steps = kinds(planSwap(situation({ method: 'reset' })));
    expect(steps.slice(4, 7)).toEqual(['quiesce:quiesce', 'transfer:tearDown', 'transfer:coldStart']);
    expect(steps.some((step) => /export|import|validate|move|makeRings/.test(step))).toBe(false);
  });

  it.each(METHODS)('runs through the phases in their order (%s)', (method) => {
    const { steps } = planSwap(situation({ method, queues: 3, given: { rxRing: 64 } }));
    const order = steps.map(({ phase }) => PHASES.indexOf(phase));
    expect(order).toEqual([...order].sort((a, b) => a - b));
  });

  it.each<[Method, readonly string[]]>([
    [
      'inplace',
      [
        'create: drop it',
        'reserve: give back what was added',
        'makeRings: free them',
        'quiesce: interrupt goes on',
        'export: the state block as it was',
        'import: the state block as it was',
        'point: hand the rings back to interrupt',
        'moveQueues: hand the rings, moved or not, back to interrupt',
      ],
    ],
    [
      'drain',
      [
        'create: drop it',
        'reserve: give back what was added',
        'makeRings: free them',
        'drain: post buffers again',
        'quiesce: interrupt goes on',
        'export: the state block as it was',
        'import: the state block as it was',
        'point: hand the rings back to interrupt',
        'moveQueues: hand the rings, moved or not, back to interrupt',
      ],
    ],
    [
      'reset',
      [
        'create: drop it',
        'reserve: give back what was added',
        'quiesce: interrupt goes on',
        'tearDown: cold start of interrupt',
        'point: hand the rings back to interrupt',
      ],
    ],
  ])('%s: says how each step that changes something is undone', (method, undos) => {
    const given = situation({ method, given: { rxRing: 64 } });
    const steps = describeSteps(given, planSwap(given));
    expect(steps.flatMap(({ kind, undo }) => (undo === undefined ? [] : [`${kind}: ${undo}`]))).toEqual(
      undos,
    );
    expect(steps.filter(({ phase }) => phase === 'retire').every(({ undo }) => undo === undefined)).toBe(
      true,
    );
  });

  it('keeps the geometry that the request does not name, and takes the new driver\u2019s own habits', () => {
    const { parameters } = planSwap(situation({ to: batching, given: { rxBuffers: 100 } }));
    expect(parameters).toMatchObject({ rxRing: 512, rxBuffers: 100, txRing: 512, burst: 256, txBatch: 64 });
  });

  it('names its format: the first of the old driver\u2019s that the new one takes', () => {
    const from: NicDriverDefinition = { ...interrupt, exports: ['c', 'b', 'a'] };
    const to: NicDriverDefinition = { ...polling, imports: ['a', 'b'] };
    expect(planSwap(situation({ from, to }))).toMatchObject({ format: 'b', imported: 'b', converters: [] });
  });

  it('goes by converters, of both drivers, and has a step for them', () => {
    const from = speaking(['c', 'a'], [], [['c', 'd']]);
    const to = speaking([], ['b', 'a'], [['d', 'b']]);
    const plan = planSwap(situation({ from, to }));
    expect(plan).toMatchObject({ format: 'c', imported: 'b' });
    expect(plan.converters.map((one) => one.to)).toEqual(['d', 'b']);
    const steps = describeSteps(situation({ from, to }), plan);
    const at = steps.findIndex(({ kind }) => kind === 'convert');
    expect(steps.slice(at - 1, at + 3).map(({ kind }) => kind)).toEqual([
      ...['export', 'convert', 'validate', 'import'],
    ]);
    expect(steps[at]).toMatchObject({
      text: 'convert what the driver has for itself: c → d → b',
      undo: 'as it was exported',
    });
    expect(planSwap(situation({ from, to, method: 'reset' })).steps.map(({ kind }) => kind)).not.toContain(
      'convert',
    );
  });

  it('takes the shortest way there is, and does not go round in a circle', () => {
    const from = speaking(
      ['a'],
      [],
      [
        ['a', 'b'],
        ['b', 'a'],
        ['b', 'c'],
        ['c', 'd'],
        ['b', 'd'],
        ['d', 'e'],
      ],
    );
    const plan = planSwap(situation({ from, to: speaking([], ['e']) }));
    expect(plan.converters.map((one) => one.to)).toEqual(['b', 'd', 'e']);
  });

  it('goes by what the old driver likes best, even if that takes converters', () => {
    const from = speaking(['a', 'common']);
    const to = speaking([], ['common', 'b'], [['a', 'b']]);
    expect(planSwap(situation({ from, to }))).toMatchObject({ format: 'a', imported: 'b' });
    expect(planSwap(situation({ from, to: { ...to, converters: [] } })).format).toBe('common');
  });
});

describe('moves of a plan', () => {
  it('are none when the length stays, and none in a reset', () => {
    expect(planSwap(situation({ queues: 4, given: { rxRing: 512 } })).moves).toEqual([]);
    expect(planSwap(situation({ queues: 4, given: { rxRing: 64 }, method: 'reset' })).moves).toEqual([]);
  });

  it('begin with the last queue and end with queue 0, one step each', () => {
    const given = situation({ queues: 4, given: { rxRing: 64 } });
    const plan = planSwap(given);
    expect(plan.moves).toEqual([3, 2, 1, 0]);
    expect(plan.newSlots).toBe(64);
    const steps = describeSteps(given, plan).filter(({ kind }) => kind === 'moveQueues');
    const texts = steps.map(({ text }) => text);
    expect(texts).toEqual(
      [3, 2, 1, 0].map((queue) => `frames of queue ${queue} go to a ring of 64 on a spare queue, in order`),
    );
  });

  it('leave alone the ring of queue 0 that is kept for frames without a hash', () => {
    const rings = [ring(0, 512, { steered: false }), ring(1, 1024), ring(2, 64)];
    expect(planSwap(situation({ queues: 2, rings, given: { rxRing: 1024 } })).moves).toEqual([2]);
  });

  it('are refused when all eight queues are in use, and only then', () => {
    const given = { rxRing: 64 };
    expect(() => planSwap(situation({ queues: 8, given }))).toThrow(Refusal);
    expect(() => planSwap(situation({ queues: 8, given }))).toThrow(
      'rxRing=64 needs a spare receive queue, and all 8 are in use',
    );
    expect(planSwap(situation({ queues: 7, given })).moves).toHaveLength(7);
    expect(planSwap(situation({ queues: 8, given, method: 'reset' })).moves).toEqual([]);
  });
});

describe('packet buffers of a plan', () => {
  it('are those posted and those in transmit rings, for each queue', () => {
    const plan = planSwap(situation({ queues: 2, given: { rxBuffers: 100 } }));
    expect(plan.buffersAfter).toBe(2 * (100 + 512));
  });

  it('are as many for drivers that take more or less at a time: a swap between them leaves the pool alone', () => {
    for (const to of [interrupt, polling, batching]) {
      const { buffersDuring, buffersAfter } = planSwap(situation({ to }));
      expect([buffersDuring, buffersAfter]).toEqual([buffersFor(FROM, 1), buffersFor(FROM, 1)]);
    }
  });

  it('suffice meanwhile for what lies on the old rings: more are posted than will be', () => {
    const plan = planSwap(situation({ given: { rxBuffers: 16 } }));
    expect(plan.buffersDuring).toBeGreaterThanOrEqual(511 + 512);
    expect(plan.buffersAfter).toBe(16 + 512);
  });

  it('suffice meanwhile for old and new rings side by side', () => {
    const plan = planSwap(situation({ queues: 2, given: { rxRing: 4096, rxBuffers: 4000 } }));
    expect(plan.buffersDuring).toBeGreaterThanOrEqual(2 * (511 + 4000 + 512));
  });

  it('count the ring that queue 0 keeps, as long as it is, among those to be filled', () => {
    const rings = [ring(0, 4096, { steered: false, posted: 16 }), ring(1, 512)];
    const plan = planSwap(situation({ rings, given: { rxRing: 64, rxBuffers: 2000 } }));
    expect(plan.moves).toEqual([1]);
    expect(plan.buffersAfter).toBeGreaterThanOrEqual(2000 + 63 + 512);
    expect(plan.buffersDuring).toBeGreaterThanOrEqual(2000 + 511 + 63 + 512);
  });
});

describe('notes of a plan', () => {
  it('are none for a plain swap', () => {
    expect(planSwap(situation()).notes).toEqual([]);
  });

  it('say that queue 0 keeps its ring, and how long it is', () => {
    expect(planSwap(situation({ given: { rxRing: 64 } })).notes).toEqual([
      'queue 0 keeps its ring of 512 for frames without an RSS hash: no filter reaches them all',
    ]);
  });

  it('say that transmit rings keep their length, and the parameters say so too', () => {
    const plan = planSwap(situation({ given: { txRing: 64 } }));
    expect(plan.notes).toEqual([
      'txRing stays 512: transmit rings change their length only with method=reset',
    ]);
    expect(plan.parameters.txRing).toBe(512);
    expect(planSwap(situation({ given: { txRing: 64 }, method: 'reset' })).parameters.txRing).toBe(64);
  });

  it('warn of what a reset costs', () => {
    expect(planSwap(situation({ method: 'reset' })).notes).toEqual([
      'frames in the packet buffer, in the rings and on the wire during the reset are lost',
    ]);
  });
});

describe('a plan that cannot be', () => {
  it('is refused without a common format, naming both lists', () => {
    const to = { ...polling, imports: ['x', 'y'] };
    expect(() => planSwap(situation({ to }))).toThrow(
      'no common state format: interrupt exports ringswap.nic.2, polling imports x, y',
    );
    expect(() => planSwap(situation({ from: { ...interrupt, exports: [] } }))).toThrow(
      'interrupt exports none',
    );
  });

  it('is refused where converters lead elsewhere, naming them', () => {
    const from = speaking(['a'], [], [['a', 'b']]);
    const to = speaking([], ['c'], [['d', 'c']]);
    expect(() => planSwap(situation({ from, to }))).toThrow(
      'no common state format: interrupt exports a, interrupt imports c, and converters lead d → c, a → b alone',
    );
  });

  it('is refused with the range of a parameter that does not fit', () => {
    expect(() => planSwap(situation({ given: { rxRing: 100 } }))).toThrow(ParameterError);
    expect(() => planSwap(situation({ given: { rxRing: 100 } }))).toThrow('a power of two from 8 to 4096');
    expect(() => planSwap(situation({ given: { speed: 3 } }))).toThrow(
      'driver polling has no parameter speed',
    );
  });
});
