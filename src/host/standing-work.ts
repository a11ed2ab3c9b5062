/**
 * Work that waits for the driver of a card, as whoever looks on from another thread finds it: state block, rings, and registers that
 * reading does not change. What waits is told with the word that would change if the driver did any of it.
 */
import { NicState, RX, STATE_BYTES, TX } from '../drivers/nic/state.ts';
import { freeBuffers } from '../drivers/pool.ts';
import { lowestBit, StateError } from '../drivers/state-block.ts';
import type { Clock } from '../hw/clock.ts';
import type { Memory } from '../hw/memory.ts';
import {
  QUEUE_ENABLE,
  RXMEMWRAP,
  RXMEMWRAP_EMPTY,
  rdh,
  rdt,
  rxdctl,
  tdt,
  txdctl,
} from '../hw/nic/datasheet.ts';
import { NicPort } from '../hw/nic/port.ts';
import { load } from '../hw/shared.ts';
import type { CardLayout, MachineLayout } from './machine.ts';

/** Free descriptors of a transmit ring below which an application may have to hold a frame: one of 9 KB takes five. */
const SCARCE = 8;

export interface StandingWork {
  /** `frames lie in receive ring 0, and none is taken` */
  readonly what: string;
  /** The word that stands still, by its name. */
  readonly word: string;
  readonly at: number;
}

/** Looks at one device. */
export type Lookout = () => readonly StandingWork[];

/** `addressOf`: of a card's state block by now, 0 while nobody drives it. */
export function lookoutOf(
  memory: Memory,
  layout: MachineLayout,
  card: CardLayout,
  clock: Clock,
  addressOf: (card: CardLayout) => number,
): Lookout {
  const port = new NicPort(memory, card.nic, clock);
  const stateOf = (of: CardLayout): NicState | undefined => {
    const address = addressOf(of);
    return address === 0 ? undefined : new NicState(memory, { address, bytes: STATE_BYTES });
  };
  // Those whose frames may be sent by this one.
  const sources = layout.cards.filter(({ index }) => index === card.index || (index ^ 1) === card.index);
  return () =>
    judged(() => {
      const state = stateOf(card);
      if (state === undefined) return [];
      state.validate(card.nic.device);
      const starved = freeBuffers(memory, layout.poolTable) === 0;
      const heldUp = sources.some((source) => stateOf(source)?.workWaits() === true);
      return [...received(state, port, starved), ...sent(state, port, heldUp)];
    });
}

/** A block that is being changed at this moment says nothing. */
export function judged(look: () => StandingWork[]): readonly StandingWork[] {
  try {
    return look();
  } catch (error) {
    if (error instanceof StateError || error instanceof RangeError) return [];
    throw error;
  }
}

/** `starved`: there is no buffer that a driver could post. */
function received(state: NicState, port: NicPort, starved: boolean): StandingWork[] {
  const standing: StandingWork[] = [];
  const { words } = state.memory;
  const cardHolds = (port.read32(RXMEMWRAP) & RXMEMWRAP_EMPTY) === 0;
  for (let left = state.receiving; left !== 0; left &= left - 1) {
    const queue = lowestBit(left);
    if ((port.read32(rxdctl(queue)) & QUEUE_ENABLE) === 0) continue;
    const tail = port.read32(rdt(queue));
    if (state.receivedWaits(queue)) {
      const at = load(words, state.rx(queue) + RX.consumed);
      standing.push({ what: `frames lie in receive ring ${queue}, and none is taken`, word: 'consumed', at });
    } else if (cardHolds && !starved && port.read32(rdh(queue)) === tail) {
      const what = `the card holds frames, and receive ring ${queue} has no descriptors`;
      standing.push({ what, word: 'RDT', at: tail });
    }
  }
  return standing;
}

/** `heldUp`: frames wait that this card may be to send. */
function sent(state: NicState, port: NicPort, heldUp: boolean): StandingWork[] {
  const standing: StandingWork[] = [];
  const { words } = state.memory;
  for (let left = state.sending; left !== 0; left &= left - 1) {
    const queue = lowestBit(left);
    if ((port.read32(txdctl(queue)) & QUEUE_ENABLE) === 0) continue;
    const record = state.tx(queue);
    const slots = words[record + TX.slots];
    const filled = load(words, record + TX.filled);
    const home = load(words, record + TX.reclaimed);
    const tail = port.read32(tdt(queue));
    if ((filled & (slots - 1)) !== tail)
      standing.push({ what: `frames lie in transmit ring ${queue} behind its tail`, word: 'TDT', at: tail });
    else if (heldUp && slots - 1 - ((filled - home) | 0) < SCARCE && state.completionWaits()) {
      const what = `transmit ring ${queue} is full of sent frames, and none is taken home`;
      standing.push({ what, word: 'reclaimed', at: home });
    }
  }
  return standing;
}
