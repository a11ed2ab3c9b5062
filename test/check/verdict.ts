/** The ledger's verdict on a machine in one thread, from the same sources as that of a run on threads. */
import { expect } from 'vitest';
import { diskBalance, diskFacts } from '../../src/check/blocks/balance.ts';
import { accountBuffers, buffersAway } from '../../src/check/buffers.ts';
import { balance, type CardBalance, type CardFacts, type Violation } from '../../src/check/ledger.ts';
import { countCard, factsOf } from '../../src/host/books.ts';
import type { SwapRecord } from '../../src/swap/record.ts';
import type { TestMachine } from '../machine.ts';

export { countCard };

export interface Verdict {
  readonly facts: readonly CardFacts[];
  readonly balances: readonly CardBalance[];
  /** Of the ledger, of the CPU and of the buffers. */
  readonly violations: readonly Violation[];
  readonly records: readonly SwapRecord[];
  /** Buffers that are not home at the end. */
  readonly away: number;
}

/** Before the end of service: what the rings hold. `halt` ends it; then all buffers must be home. */
export function verdictOf(machine: TestMachine, halt: () => void): Verdict {
  const { cpu } = machine;
  cpu.collect();
  const held = cpu.slots.map((slot) => ({ name: slot.name, state: slot.environment.state }));
  const problems = accountBuffers(cpu.pool, held);
  const { memory, layout, hardware } = machine;
  const counts = layout.cards.map((card) => countCard(memory, card));
  const facts = layout.cards.map((card) =>
    factsOf(
      card,
      counts,
      cpu.checks[card.index].verifier.anomalies,
      hardware.verifiers[card.index]?.anomalies ?? [],
    ),
  );
  const ofDisks = cpu.disks.map(({ slot: { name, losses }, client }) => {
    const { books, outstanding, mayFail } = client;
    return diskBalance(diskFacts(name, books, outstanding, mayFail, losses.ended));
  });
  halt();
  const away = buffersAway(cpu.pool);
  const balances = facts.map(balance);
  const seen = [
    ...cpu.violations,
    ...problems.map((problem) => ({ ...problem, invariant: 'buffers' as const })),
  ];
  return {
    facts,
    balances,
    violations: [
      ...[...balances, ...ofDisks].flatMap(({ violations }) => violations),
      ...seen.map(({ queue, ...rest }) => (queue === undefined ? rest : { ...rest, queue })),
    ],
    records: cpu.desk.records,
    away,
  };
}

/** Every frame delivered and sent back, in order and whole, nothing dropped, every buffer home. */
export function expectClean(verdict: Verdict): void {
  expect(verdict.violations).toEqual([]);
  expect(verdict.away).toBe(0);
  for (const [i, facts] of verdict.facts.entries()) {
    const { lost, duplicated, reordered, damaged } = verdict.balances[i];
    expect({ lost, duplicated, reordered, damaged }).toEqual({
      lost: 0,
      duplicated: 0,
      reordered: 0,
      damaged: 0,
    });
    if (!facts.wasReset) expect(facts.delivered.frames).toBe(facts.offered);
    if (facts.accepted !== undefined) expect(facts.returned.frames).toBe(facts.accepted);
  }
}
