/** What checkers and ledger are shown of a simulated machine. */
import { accountBuffers } from '../../check/buffers.ts';
import type { CheckedMachine } from '../../check/checker.ts';
import { balance, type Violation } from '../../check/ledger.ts';
import { type CardCounts, countCard, factsOf } from '../../host/books.ts';
import type { SimMachine } from './machine.ts';

export function checkedMachine({ cpu, hardware, layout, memory }: SimMachine): CheckedMachine {
  return {
    memory,
    cards: cpu.slots.map((slot, i) => ({
      name: slot.name,
      state: slot.environment.state,
      delivered: cpu.checks[i].verifier,
      returned: hardware.verifiers[i],
      complete: !layout.cards[i].lossy,
      returnsAll: !layout.cards[i].lossy && !layout.cards[layout.cards[i].returns ?? i].lossy,
    })),
    pool: cpu.pool,
    noticed: cpu.violations,
  };
}

/** Has every offered frame been delivered or dropped, and every accepted one been sent? */
export function allAccounted(machine: SimMachine): boolean {
  const counts = countAll(machine);
  return machine.layout.cards.every(({ returns }, i) => {
    const { done, offered, delivered, dropped, returned } = counts[i];
    const gone = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    if (!done || delivered.frames + gone < offered) return false;
    return returns === undefined || returned.frames >= counts[returns].delivered.frames;
  });
}

/** The ledger of all cards, and every buffer's owner. */
export function balanceAll(machine: SimMachine): Violation[] {
  const { cpu, hardware, layout } = machine;
  const counts = countAll(machine);
  const balances = layout.cards.map((card) => {
    const delivered = cpu.checks[card.index].verifier.anomalies;
    const returned = hardware.verifiers[card.index]?.anomalies ?? [];
    return balance(factsOf(card, counts, cpu.desk.records, delivered, returned));
  });
  const held = cpu.slots.map((slot) => ({ name: slot.name, state: slot.environment.state }));
  const problems = accountBuffers(cpu.pool, held).map(({ device, message }): Violation => {
    return { invariant: 'buffers', device, message };
  });
  return [...balances.flatMap(({ violations }) => violations), ...problems];
}

/** A link that has nothing to do may not yet have published what it saw. */
function countAll({ hardware, layout, memory }: SimMachine): CardCounts[] {
  for (const verifier of hardware.verifiers) verifier?.publish();
  return layout.cards.map((card) => countCard(memory, card));
}
