import { it } from 'vitest';
import { IRREGULAR, TestMachine } from '/work/main/test/machine.ts';
import { countCard } from '/work/main/test/check/verdict.ts';
it('x', () => {
    const machine = TestMachine.started({
      cards: [{ driver: 'polling', app:'sink', queues: 2, flows: 8, frames: 120_000, pace: {kind:'rate', framesPerSecond: 4e6} }],
      pattern: IRREGULAR, seed: 3,
    });
    machine.runFor(20);
    console.log(machine.clock.us, machine.turns);
    const r = machine.swap('polling', {}, 'reset');
    console.log(machine.clock.us, machine.turns, r, countCard(machine.memory, machine.layout.cards[0]));
});
