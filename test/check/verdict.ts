/** The ledger's verdict on a machine in one thread, from the same sources as that of a run on threads. */
import { expect } from 'vitest';
import { accountBuffers, buffersAway } from '../../src/check/buffers.ts';
import { balance, type CardBalance, type CardFacts, type Violation } from '../../src/check/ledger.ts';
import { readDrops } from '../../src/drivers/nic/statistics.ts';
import type { CardLayout } from '../../src/host/machine.ts';
import { readPartner } from '../../src/hw/link/partner.ts';
import { readTally, type TallyName } from '../../src/hw/link/verifier.ts';
import type { Memory } from '../../src/hw/memory.ts';
import { PROBES, Probes } from '../../src/hw/nic/probes.ts';
import type { SwapRecord } from '../../src/swap/record.ts';
import type { TestMachine } from '../machine.ts';

export interface Verdict {
  readonly facts: readonly CardFacts[];
  readonly balances: readonly CardBalance[];
  /** Of the ledger, of the CPU and of the buffers. */
  readonly violations: readonly Violation[];
  readonly records: readonly SwapRecord[];
  /** Buffers that are not home at the end. */
  readonly away: number;
}

export interface CardCount {
  readonly offered: number;
  readonly done: boolean;
  readonly delivered: Record<TallyName, number>;
  readonly returned: Record<TallyName, number>;
  readonly drops: Readonly<Record<string, number>>;
  readonly dropped: number;
}

export function countCard(memory: Memory, card: CardLayout): CardCount {
  const { offered, linkDown, done } = readPartner(memory, card.partner);
  const { missed, queues } = readDrops(memory, card.statistics);
  const probes = new Probes(memory, card.nic.probes);
  const drops: Record<string, number> = { fifoOverflow: missed, queue: queues, linkDown };
  for (const probe of PROBES) if (probe.startsWith('dropped.')) drops[probe] = probes.read(probe);
  return {
    offered,
    done,
    delivered: readTally(memory, card.deliveryTally),
    returned: readTally(memory, card.returnTally),
    drops,
    dropped: Object.values(drops).reduce((sum, count) => sum + count, 0),
  };
}

/** Before the end of service: what the rings hold. `halt` ends it; then all buffers must be home. */
export function verdictOf(machine: TestMachine, halt: () => void): Verdict {
  const { cpu } = machine;
  cpu.collect();
  const held = cpu.slots.map((slot) => ({ name: slot.name, state: slot.environment.state }));
  const problems = accountBuffers(cpu.pool, held);
  const facts = machine.layout.cards.map((card) => factsOf(machine, card));
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
      ...balances.flatMap(({ violations }) => violations),
      ...seen.map(({ queue, ...rest }) => (queue === undefined ? rest : { ...rest, queue })),
    ],
    records: cpu.desk.records,
    away,
  };
}

function factsOf({ memory, layout, cpu, hardware }: TestMachine, card: CardLayout): CardFacts {
  const { offered, delivered, returned, drops } = countCard(memory, card);
  const resets = cpu.desk.records.filter(({ device, method }) => device === card.name && method === 'reset');
  const unsent = resets.reduce((sum, record) => sum + record.discardedTransmit, 0);
  const { returns } = card;
  return {
    name: card.name,
    lossless: card.lossless,
    offered,
    delivered,
    deliveredAnomalies: cpu.checks[card.index].verifier.anomalies,
    dropped: { ...drops, discardedByReset: resets.reduce((sum, record) => sum + record.discarded, 0) },
    wasReset: resets.length > 0,
    returned,
    returnedAnomalies: hardware.verifiers[card.index]?.anomalies ?? [],
    accepted:
      returns === undefined
        ? undefined
        : distinct(readTally(memory, layout.cards[returns].deliveryTally)) - unsent,
  };
}

/** Frames, those that came twice counted once: of what is sent, the ledger takes away the repeated ones too. */
function distinct({ frames, duplicated }: Record<TallyName, number>): number {
  return frames - duplicated;
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
