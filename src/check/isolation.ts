/** A state block, as far as it is looked at here: a digest of what a swap of another device must leave alone. */
interface Shaped {
  shape(): number;
}

/**
 * Only a device's own swaps change its shape, so it is remembered after each slice of theirs, and each slice looks
 * at one other device: the cost of a slice does not grow with their number.
 */
export class IsolationCheck {
  private readonly states: readonly Shaped[];
  private readonly shapes: Int32Array;
  /** Where each device's swap looks next. */
  private readonly turns: Int32Array;

  constructor(states: readonly Shaped[]) {
    this.states = states;
    this.shapes = new Int32Array(states.length);
    this.turns = new Int32Array(states.length);
  }

  /** What the device is now is as it should be. */
  remember(device: number): void {
    this.shapes[device] = this.states[device].shape();
  }

  /** After a slice of the device's swap. Is the next of the others as its own swaps have left it? */
  lookAround(device: number): boolean {
    const { states, shapes, turns } = this;
    if (states.length === 1) return true;
    this.remember(device);
    const next = (turns[device] + 1) % states.length;
    const other = next === device ? (next + 1) % states.length : next;
    turns[device] = other;
    const before = shapes[other];
    this.remember(other); // a change is told once
    return shapes[other] === before;
  }
}
