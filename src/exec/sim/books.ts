/** What checkers and ledger are shown of a simulated machine. */
import { diskBalance, diskFacts } from '../../check/blocks/balance.ts';
import { accountBuffers } from '../../check/buffers.ts';
import type { CheckedMachine } from '../../check/checker.ts';
import { balance, type Violation } from '../../check/ledger.ts';
import { type CardCounts, countCard, factsOf } from '../../host/books.ts';
import { load } from '../../hw/shared.ts';
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
    disks: cpu.disks.map(({ slot, client }) => ({ name: slot.name, books: client.books })),
    pool: cpu.pool,
    noticed: cpu.violations,
  };
}

/** Has every offered frame been delivered or dropped, every accepted one been sent, every disk done all and been checked? */
export function allAccounted(machine: SimMachine): boolean {
  const { layout, memory } = machine;
  if (layout.disks.some(({ done }) => load(memory.words, done.address >>> 2) === 0)) return false;
  const counts = countAll(machine);
  return layout.cards.every(({ returns }, i) => {
    const { done, offered, delivered, dropped, returned } = counts[i];
    const gone = Object.values(dropped).reduce((sum, count) => sum + count, 0);
    if (!done || delivered.frames + gone < offered) return false;
    return returns === undefined || returned.frames >= counts[returns].delivered.frames;
  });
}

/** The ledger of all devices, and every buffer's owner. */
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
  return [...balances.flatMap(({ violations }) => violations), ...problems, ...balanceDisks(machine)];
}

function balanceDisks({ cpu, records, swaps, scenario }: SimMachine): Violation[] {
  const mayFail =
    scenario.rates.mediaError > 0 ||
    scenario.swaps.some(({ ambushes }) => ambushes.some(({ fault }) => fault === 'mediaError'));
  return cpu.disks.flatMap(({ slot, client }) => {
    const own = [...records, ...swaps.lost].filter(({ device }) => device === slot.name);
    const aborted = own.reduce((sum, record) => sum + record.aborted, 0);
    const facts = diskFacts(slot.name, client.books, client.outstanding, mayFail, aborted);
    return diskBalance(facts).violations;
  });
}

/** A link that has nothing to do may not yet have published what it saw. */
function countAll({ hardware, layout, memory }: SimMachine): CardCounts[] {
  for (const verifier of hardware.verifiers) verifier?.publish();
  return layout.cards.map((card) => countCard(memory, card));
}
