/**
 * Words around which the two sides race: a strike comes whenever one is touched, before the access or right behind
 * it. What is wrong in a window of two accesses is hit by chance too seldom.
 */
import { RX, TX } from '../../drivers/nic/state.ts';
import { PAIR, SHADOW, SHADOW_WORDS } from '../../drivers/nvme/state.ts';
import { LINES_PER_DEVICE } from '../../host/machine.ts';
import { BELL_BYTES } from '../../hw/bell.ts';
import {
  DESCRIPTOR_WORDS,
  EICR,
  EIMS,
  QUEUES,
  qprc,
  RX_STATUS_WORD,
  RXMEMWRAP,
  rdt,
  reta,
  TX_STATUS_WORD,
  tdt,
} from '../../hw/nic/datasheet.ts';
import { CQE, CQE_WORDS, cqHead, sqTail } from '../../hw/nvme/datasheet.ts';
import { ENABLED_WORD, GENERATION_WORD } from '../../hw/registers.ts';
import type { SimMachine } from './machine.ts';

const LINES_PER_WORD = 32;

/** Up to three words of one device, or of its way to the CPU; none in some scenarios. */
export function drawHotWords(machine: SimMachine): number[] {
  const { lots, layout, scenario } = machine;
  if (lots.chance(250)) return [];
  const device = lots.below(layout.cards.length + layout.disks.length);
  const words =
    device < layout.cards.length
      ? [...registersOf(machine, device), ...interruptsOf(machine, device), ...ringsOf(machine, device)]
      : [...doorbellsOf(machine, device), ...interruptsOf(machine, device), ...queuesOf(machine, device)];
  const hot = Array.from({ length: lots.between(1, 3) }, () => lots.pick(words));
  // A CPU that dies next to one of these leaves what comes to light seldom.
  if (scenario.rates.crash > 0)
    hot[0] = lots.pick(
      device < layout.cards.length
        ? lastStores(machine, device)
        : [...doorbellsOf(machine, device), ...queuesOf(machine, device)],
    );
  return hot;
}

/** Of one of a card's queues: what makes all that was stored before it the card's, or the application's. */
function lastStores({ layout, cpu, lots }: SimMachine, card: number): number[] {
  const { nic, queues } = layout.cards[card];
  const queue = lots.below(queues);
  const doorbells = [rdt(queue), tdt(queue)].map((offset) => (nic.registers.address + offset) >>> 2);
  return [...doorbells, cpu.slots[card].environment.state.rx(queue) + RX.consumed];
}

function registersOf({ layout, hardware, lots }: SimMachine, card: number): number[] {
  const { nic, queues } = layout.cards[card];
  const base = nic.registers.address >>> 2;
  const behind = base + (hardware.nics[card].registers.table.bytes >>> 2);
  const queue = lots.below(Math.min(QUEUES, queues + 1));
  const offsets = [
    EICR,
    EIMS,
    EICR,
    EIMS,
    RXMEMWRAP,
    rdt(queue),
    tdt(queue),
    qprc(queue),
    reta(lots.below(32)),
  ];
  return [...offsets.map((offset) => base + (offset >>> 2)), behind + GENERATION_WORD, behind + ENABLED_WORD];
}

/** The bell, the summary and the pending lines of the CPU. */
function interruptsOf({ layout, cpu }: SimMachine, device: number): number[] {
  const bell = layout.cpus[cpu.number].address >>> 2;
  const summary = bell + BELL_BYTES / 4;
  return [bell, summary, summary + 1 + Math.floor((device * LINES_PER_DEVICE) / LINES_PER_WORD)];
}

/** Positions of a queue's rings, and a descriptor's status. */
function ringsOf({ cpu, memory, lots }: SimMachine, card: number): number[] {
  const { state, queues } = cpu.slots[card].environment;
  const { words } = memory;
  const queue = lots.below(queues);
  const rx = state.rx(queue);
  const tx = state.tx(queue);
  const status = (ring: number, slots: number, word: number): number =>
    words[ring] + lots.below(words[slots]) * DESCRIPTOR_WORDS + word;
  return [
    rx + RX.consumed,
    rx + RX.posted,
    tx + TX.reclaimed,
    tx + TX.posted,
    status(rx + RX.ring, rx + RX.slots, RX_STATUS_WORD),
    status(tx + TX.ring, tx + TX.slots, TX_STATUS_WORD),
  ];
}

/** Doorbells of one of its queue pairs. */
function doorbellsOf({ layout, lots }: SimMachine, device: number): number[] {
  const { nvme, queues } = layout.disks[device - layout.cards.length];
  const base = nvme.registers.address >>> 2;
  const queue = 1 + lots.below(queues);
  return [base + (sqTail(queue) >>> 2), base + (cqHead(queue) >>> 2)];
}

/** Positions of a queue pair, the phase tag of a completion, and what stands for a command. */
function queuesOf({ cpu, layout, memory: { words }, lots }: SimMachine, device: number): number[] {
  const { state, queues } = cpu.disks[device - layout.cards.length].slot.environment;
  const record = state.pair(1 + lots.below(queues));
  const completion = words[record + PAIR.cq] + lots.below(words[record + PAIR.slots]) * CQE_WORDS;
  const shadow = words[record + PAIR.shadow] + lots.below(words[record + PAIR.depth]) * SHADOW_WORDS;
  return [
    record + PAIR.tail,
    record + PAIR.tailRung,
    record + PAIR.head,
    record + PAIR.free,
    completion + CQE.status,
    shadow + SHADOW.first,
    shadow + SHADOW.count,
  ];
}
