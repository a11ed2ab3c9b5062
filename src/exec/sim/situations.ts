/** Looks which remarkable situations rings, queues and devices are in, for coverage. */
import { RX, TX } from '../../drivers/nic/state.ts';
import { PAIR } from '../../drivers/nvme/state.ts';
import { lowestBit } from '../../drivers/state-block.ts';
import {
  DESCRIPTOR_WORDS,
  LXOFFTXC,
  QUEUES,
  RX_DD,
  RX_STATUS_WORD,
  RXMEMWRAP,
  RXMEMWRAP_WRAPS,
} from '../../hw/nic/datasheet.ts';
import type { Situation } from './coverage.ts';
import type { SimMachine } from './machine.ts';

/** `atEnd`: with what only the end of a run tells. */
export function watchSituations(machine: SimMachine, atEnd = false): void {
  const note = (situation: Situation): void => {
    const { situations } = machine.covered;
    situations[situation] = (situations[situation] ?? 0) + 1;
  };
  machine.cpu.slots.forEach((slot, card) => {
    const { state } = slot.environment;
    for (let queue = 0; queue < QUEUES; queue++) {
      if (state.rxActive(queue)) watchReceive(machine.memory.words, state.rx(queue), atEnd, note);
      if (state.txActive(queue)) watchTransmit(machine.memory.words, state.tx(queue), atEnd, note);
    }
    if (!atEnd) return;
    const { registers } = machine.hardware.nics[card];
    if ((registers.get(RXMEMWRAP) & RXMEMWRAP_WRAPS) > 0) note('packet buffer wrapped');
    if (registers.get(LXOFFTXC) > 0) note('PAUSE sent');
    if (!machine.layout.cards[card].lossless && machine.hardware.partners[card].losses.length > 0)
      note('frames dropped on an open link');
  });
  for (const { slot } of machine.cpu.disks) {
    const { state } = slot.environment;
    for (let left = state.active; left !== 0; left &= left - 1)
      watchPair(machine.memory.words, state.pair(lowestBit(left)), atEnd, note);
  }
}

function watchPair(
  words: Int32Array,
  record: number,
  atEnd: boolean,
  note: (situation: Situation) => void,
): void {
  const tail = words[record + PAIR.tail];
  if (atEnd) {
    if (tail >= words[record + PAIR.slots]) note('submission queue wrapped');
    return;
  }
  if (words[record + PAIR.free] === 0) note('queue pair at its depth');
  if (tail !== words[record + PAIR.tailRung]) note('commands held in a plug');
}

function watchReceive(
  words: Int32Array,
  record: number,
  atEnd: boolean,
  note: (situation: Situation) => void,
): void {
  const consumed = words[record + RX.consumed];
  const posted = (words[record + RX.posted] - consumed) | 0;
  const slots = words[record + RX.slots];
  if (atEnd) {
    if (consumed >= slots) note('receive index wrapped');
    return;
  }
  if (posted === 0) return note('receive ring without a posted buffer');
  const last = words[record + RX.ring] + ((consumed + posted - 1) & (slots - 1)) * DESCRIPTOR_WORDS;
  if ((words[last + RX_STATUS_WORD] & RX_DD) !== 0) note('receive ring full of frames');
}

function watchTransmit(
  words: Int32Array,
  record: number,
  atEnd: boolean,
  note: (situation: Situation) => void,
): void {
  const slots = words[record + TX.slots];
  const filled = (words[record + TX.filled] - words[record + TX.reclaimed]) | 0;
  if (atEnd) {
    if (words[record + TX.reclaimed] >= slots) note('transmit index wrapped');
    return;
  }
  if (filled >= slots - 2) note('transmit ring full');
  if (filled === 0) note('transmit ring empty');
}
