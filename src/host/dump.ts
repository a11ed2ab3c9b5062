/** A picture of the cards for `ringswap inspect`: registers, state block, rings. Taken without side effects. */
import { framesNote, H, type NicState, RX, TX } from '../drivers/nic/state.ts';
import type { Memory } from '../hw/memory.ts';
import {
  DESCRIPTOR_WORDS,
  NIC_REGISTERS,
  QUEUES,
  RX_DD,
  RX_EOP,
  RX_STATUS_WORD,
  TX_COMMAND_WORD,
  TX_DD,
  TX_EOP,
  TX_RS,
  TX_STATUS_WORD,
} from '../hw/nic/datasheet.ts';
import { nicRegisters } from '../hw/nic/layout.ts';
import type { Slot } from '../swap/slot.ts';
import type { MachineLayout } from './machine.ts';

export interface NamedValue {
  readonly name: string;
  readonly value: number;
}

export interface RingDump {
  readonly queue: number;
  readonly words: readonly NamedValue[];
  readonly descriptors: readonly {
    readonly slot: number;
    readonly words: readonly [number, number, number, number];
    /** Buffer number in the shadow, -1 where the slot holds none. */
    readonly buffer: number;
    readonly marks: string;
  }[];
}

export interface NicDump {
  readonly name: string;
  readonly driver: string;
  readonly registers: readonly {
    readonly name: string;
    readonly offset: number;
    readonly access: string;
    readonly value: number;
  }[];
  readonly state: readonly NamedValue[];
  readonly rx: readonly RingDump[];
  readonly tx: readonly RingDump[];
}

export function dumpCards(memory: Memory, layout: MachineLayout, slots: readonly Slot[]): NicDump[] {
  return slots.map((slot, i) => {
    const registers = nicRegisters(memory, layout.cards[i].nic);
    const { state } = slot.environment;
    const base = state.region.address >>> 2;
    const queues = Array.from({ length: QUEUES }, (_, queue) => queue);
    return {
      name: slot.name,
      driver: slot.definition.name,
      registers: NIC_REGISTERS.list.map(({ name, offset, access }) => ({
        name,
        offset,
        access,
        value: registers.get(offset),
      })),
      state: Object.entries(H).map(([name, word]) => ({ name, value: memory.words[base + word] })),
      rx: queues
        .filter((queue) => state.rxActive(queue))
        .map((queue) => dumpRing(memory, state, 'rx', queue)),
      tx: queues
        .filter((queue) => state.txActive(queue))
        .map((queue) => dumpRing(memory, state, 'tx', queue)),
    };
  });
}

function dumpRing({ words }: Memory, state: NicState, kind: 'rx' | 'tx', queue: number): RingDump {
  const fields = kind === 'rx' ? RX : TX;
  const record = kind === 'rx' ? state.rx(queue) : state.tx(queue);
  const slots = words[record + fields.slots];
  const head = words[record + (kind === 'rx' ? RX.consumed : TX.reclaimed)];
  const tail = words[record + fields.posted];
  const descriptors = Array.from({ length: slots }, (_, slot) => {
    const at = words[record + fields.ring] + slot * DESCRIPTOR_WORDS;
    const four = [words[at], words[at + 1], words[at + 2], words[at + 3]] as const;
    const held = ((slot - head) & (slots - 1)) < ((tail - head) | 0);
    const shadow = words[record + fields.shadow] + slot;
    const marks = kind === 'rx' ? receiveMarks(four) : transmitMarks(four);
    if (slot === (head & (slots - 1))) marks.push('head');
    if (slot === (tail & (slots - 1))) marks.push('tail');
    return { slot, words: four, buffer: held ? words[shadow] : -1, marks: marks.join(' ') };
  });
  return {
    queue,
    words: Object.entries(fields).map(([name, word]) => ({
      name,
      value: words[name === 'frames' ? framesNote(words, record) : record + word],
    })),
    descriptors,
  };
}

type Four = readonly [number, number, number, number];

function receiveMarks(four: Four): string[] {
  const status = four[RX_STATUS_WORD];
  return [(status & RX_DD) === 0 ? '' : 'DD', (status & RX_EOP) === 0 ? '' : 'EOP'].filter(
    (mark) => mark !== '',
  );
}

function transmitMarks(four: Four): string[] {
  const command = four[TX_COMMAND_WORD];
  const marks = [];
  if ((command & TX_EOP) !== 0) marks.push('EOP');
  if ((command & TX_RS) !== 0) marks.push((four[TX_STATUS_WORD] & TX_DD) === 0 ? 'RS' : 'RS DD');
  return marks;
}
