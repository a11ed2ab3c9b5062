import { H, lowestBit, type NicState, RX, TX } from '../drivers/nic/state.ts';

/** A digest of what a swap of another card must leave alone: which rings a card has, where, and for whom. */
export function shapeOf(state: NicState): number {
  const { words } = state.memory;
  const base = state.region.address >>> 2;
  let hash = 0;
  for (let word = H.magic; word <= H.adoptions; word++) hash = mixed(hash, words[base + word]);
  for (let left = state.receiving; left !== 0; left &= left - 1) {
    const record = state.rx(lowestBit(left));
    hash = mixed(hash, words[record + RX.ring]);
    hash = mixed(hash, words[record + RX.slots]);
    hash = mixed(hash, words[record + RX.shadow]);
    hash = mixed(hash, words[record + RX.target]);
    hash = mixed(hash, words[record + RX.logical]);
  }
  for (let left = state.sending; left !== 0; left &= left - 1) {
    const record = state.tx(lowestBit(left));
    hash = mixed(hash, words[record + TX.ring]);
    hash = mixed(hash, words[record + TX.slots]);
    hash = mixed(hash, words[record + TX.shadow]);
  }
  return hash;
}

function mixed(hash: number, word: number): number {
  return ((hash << 5) | (hash >>> 27)) ^ Math.imul(word + 1, 0x9e3779b1);
}

/**
 * Only a card's own swaps change its shape, so it is remembered after each slice of theirs, and each slice looks
 * at one other card: the cost of a slice does not grow with the number of cards.
 */
export class IsolationCheck {
  private readonly states: readonly NicState[];
  private readonly shapes: Int32Array;
  /** Where each card's swap looks next. */
  private readonly turns: Int32Array;

  constructor(states: readonly NicState[]) {
    this.states = states;
    this.shapes = new Int32Array(states.length);
    this.turns = new Int32Array(states.length);
  }

  /** What the card is now is as it should be. */
  remember(card: number): void {
    this.shapes[card] = shapeOf(this.states[card]);
  }

  /** After a slice of the card's swap. Is the next of the other cards as its own swaps have left it? */
  lookAround(card: number): boolean {
    const { states, shapes, turns } = this;
    if (states.length === 1) return true;
    this.remember(card);
    const next = (turns[card] + 1) % states.length;
    const other = next === card ? (next + 1) % states.length : next;
    turns[card] = other;
    const before = shapes[other];
    this.remember(other); // a change is told once
    return shapes[other] === before;
  }
}
