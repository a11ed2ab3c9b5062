/** What checkers and ledger are shown of a simulated machine. */
import { diskBalance, diskFacts } from '../../check/blocks/balance.ts';
import { accountBuffers } from '../../check/buffers.ts';
import type { CheckedMachine } from '../../check/checker.ts';
import { balance, type Violation } from '../../check/ledger.ts';
import { type CardCounts, countCard, factsOf } from '../../host/books.ts';
import { DiskService } from '../../host/disk-service.ts';
import { Iommu } from '../../hw/iommu.ts';
import { align, PAGE_BYTES } from '../../hw/memory.ts';
import type { NvmeProbes } from '../../hw/nvme/probes.ts';
import type { Ambush } from './faults.ts';
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
  if (layout.disks.some(({ service }) => !new DiskService(memory, service).done)) return false;
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
    return balance(factsOf(card, counts, delivered, returned));
  });
  const held = cpu.slots.map((slot) => ({ name: slot.name, state: slot.environment.state }));
  const problems = accountBuffers(cpu.pool, held).map(({ device, message }): Violation => {
    return { invariant: 'buffers', device, message };
  });
  return [...balances.flatMap(({ violations }) => violations), ...problems, ...balanceDisks(machine)];
}

/** What no driver that knows its disk has to do with. */
function refused(device: string, probes: NvmeProbes): Violation[] {
  const counts = [
    { count: probes.read('dmaFaults'), what: 'accesses to memory that is not mapped for it' },
    { count: probes.read('invalidDoorbells'), what: 'doorbells with a value that they cannot take' },
  ];
  return counts
    .filter(({ count }) => count > 0)
    .map(({ count, what }) => ({
      invariant: 'driver',
      device,
      message: `the disk has refused ${count} ${what}`,
    }));
}

function balanceDisks({ cpu, hardware, scenario }: SimMachine): Violation[] {
  const mayFail =
    scenario.rates.mediaError > 0 ||
    scenario.swaps.some(({ ambushes }) => ambushes.some(({ fault }) => fault === 'mediaError'));
  return cpu.disks.flatMap(({ slot, client }, i) => {
    const facts = diskFacts(slot.name, client.books, client.outstanding, mayFail, slot.losses.ended);
    return [...diskBalance(facts).violations, ...refused(slot.name, hardware.disks[i].probes)];
  });
}

function failsInRelease({ fault, phase }: Ambush): boolean {
  return fault === 'throwingDriver' && phase === 'retire';
}

/**
 * When all drivers have stopped: no memory is theirs but the state blocks, and no device may touch any of it. A driver that
 * throws in its release keeps what it has.
 */
export function leftBehind(machine: SimMachine): Violation[] {
  const { cpu, layout, memory, scenario } = machine;
  if (scenario.swaps.some(({ ambushes }) => ambushes.some(failsInRelease))) return [];
  const violations: Violation[] = [];
  const say = (device: string, message: string) => violations.push({ invariant: 'buffers', device, message });
  const kept = cpu.devices.reduce((sum, { kind }) => sum + align(kind.stateBytes, PAGE_BYTES), 0);
  const left = layout.dmaPages.bytes - cpu.dma.freeBytes() - kept;
  if (left !== 0) say(cpu.devices[0].name, `${left} bytes of DMA memory are not given back at the end`);
  const iommu = new Iommu(memory, layout.iommu);
  const { address, bytes } = layout.dmaPages;
  for (const { name, index } of cpu.devices) {
    let open = 0;
    for (let page = address; page < address + bytes; page += PAGE_BYTES)
      if (iommu.allows(index, page, PAGE_BYTES)) open++;
    if (open > 0) say(name, `${open} pages of DMA memory may still be touched at the end`);
  }
  return violations;
}

/** A link that has nothing to do may not yet have published what it saw. */
function countAll({ hardware, layout, memory }: SimMachine): CardCounts[] {
  for (const verifier of hardware.verifiers) verifier?.publish();
  return layout.cards.map((card) => countCard(memory, card));
}
