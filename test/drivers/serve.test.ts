/** Each driver by itself: whatever the rings, bursts and frames, all is delivered in order and all buffers are home. */
import { describe, expect, it } from 'vitest';
import { IMIX } from '../../src/hw/link/frames.ts';
import { expectClean } from '../check/verdict.ts';
import { type CardOptions, IRREGULAR, type MachineOptions, TestMachine } from '../machine.ts';

const DRIVERS = ['interrupt', 'polling', 'batching'] as const;
const APPS = ['sink', 'echo', 'forward'] as const;
const SIZES: readonly (readonly [string, readonly number[], number])[] = [
  ['64', [64], 1500],
  ['1518', [1518], 800],
  ['IMIX', IMIX, 1500],
  ['9 KB', [9216], 200],
];

/** For forward two cards, each sending the other's frames. */
function cardsOf(card: CardOptions): readonly CardOptions[] {
  return card.app === 'forward' ? [card, { ...card, flows: 3 }] : [card];
}

function serves(options: MachineOptions): void {
  const machine = TestMachine.started(options);
  const verdict = machine.conclude();
  expectClean(verdict);
  machine.layout.cards.forEach((card, i) => {
    expect(verdict.facts[i].offered).toBe(card.frames);
  });
}

describe.each(DRIVERS)('%s delivers every frame once, in order, unmodified', (driver) => {
  const shapes = APPS.flatMap((app) =>
    [64, 512].flatMap((ring) =>
      [1, 32, 256].flatMap((burst) => [16, ring - 1].map((rxBuffers) => ({ app, ring, burst, rxBuffers }))),
    ),
  );
  it.each(shapes)(
    '$app, rings of $ring, burst $burst, $rxBuffers buffers',
    ({ app, ring, burst, rxBuffers }) => {
      const parameters = { rxRing: ring, txRing: ring, rxBuffers, burst };
      serves({ cards: cardsOf({ driver, app, parameters, sizes: IMIX, flows: 8, queues: 2, frames: 1200 }) });
    },
  );

  const loads = APPS.flatMap((app) =>
    SIZES.flatMap(([name, sizes, frames]) =>
      [1, 4, 8].map((queues) => ({ app, name, sizes, frames, queues })),
    ),
  );
  it.each(loads)(
    '$app, frames of $name, $queues queues, sides far ahead of each other',
    ({ app, sizes, frames, queues, name }) => {
      const seed = queues * 1000 + name.length;
      serves({
        cards: cardsOf({ driver, app, sizes, frames, queues, flows: 16 }),
        pattern: IRREGULAR,
        seed,
      });
    },
  );

  it('jumbo frames of five buffers each through the smallest rings with 16 buffers', () => {
    const parameters = { rxRing: 64, txRing: 64, rxBuffers: 16 };
    serves({
      cards: [{ driver, app: 'echo', parameters, sizes: [9216, 64], frames: 300 }],
      pattern: IRREGULAR,
    });
  });

  it('every register access of the CPU a moment at which the card may act', () => {
    const machine = new TestMachine({
      cards: [{ driver, app: 'echo', sizes: IMIX, queues: 3, flows: 9, frames: 3000 }],
      seed: 5,
    });
    machine.boot();
    machine.pointsAtRegisters(2);
    machine.start();
    expectClean(machine.conclude());
  });

  it('on an open link what the rings cannot take is dropped and counted, the rest delivered in order', () => {
    const machine = TestMachine.started({
      cards: [
        { driver, lossless: false, sizes: [1518], frames: 6000, parameters: { rxRing: 64, rxBuffers: 16 } },
      ],
      pattern: () => ({ hardware: 8, cpu: 1, us: 1 }),
    });
    const verdict = machine.conclude();
    expect(verdict.violations).toEqual([]);
    expect(verdict.balances[0].lost).toBe(0);
    expect(verdict.facts[0].dropped.fifoOverflow).toBeGreaterThan(0);
    expect(verdict.facts[0].delivered.frames + verdict.facts[0].dropped.fifoOverflow).toBe(6000);
    expect(verdict.away).toBe(0);
  });
});
