const ABSENT = -1;
/** Knuth's multiplier: spreads neighbours over the table. */
const SPREAD = 0x9e3779b1;

/** From block numbers to places, for a set number of blocks: a hash table with open addressing that never allocates. */
export class BlockIndex {
  private readonly blocks: Float64Array;
  private readonly places: Int32Array;
  private readonly mask: number;
  private readonly shift: number;

  constructor(capacity: number) {
    const bits = 32 - Math.clz32(Math.max(2 * capacity, 2)); // at most half full
    this.mask = (1 << bits) - 1;
    this.shift = 32 - bits;
    this.blocks = new Float64Array(1 << bits);
    this.places = new Int32Array(1 << bits).fill(ABSENT);
  }

  /** The place of a block, or -1. */
  get(block: number): number {
    return this.places[this.find(block)];
  }

  set(block: number, place: number): void {
    const slot = this.find(block);
    this.blocks[slot] = block;
    this.places[slot] = place;
  }

  /** Forgets a block if it is at that place: a newer version stays. */
  delete(block: number, place: number): void {
    let hole = this.find(block);
    if (this.places[hole] !== place) return;
    // What was put further on for want of this slot moves up.
    for (let slot = (hole + 1) & this.mask; this.places[slot] !== ABSENT; slot = (slot + 1) & this.mask) {
      const home = this.home(this.blocks[slot]);
      if (((slot - home) & this.mask) < ((slot - hole) & this.mask)) continue;
      this.blocks[hole] = this.blocks[slot];
      this.places[hole] = this.places[slot];
      hole = slot;
    }
    this.places[hole] = ABSENT;
  }

  /** The slot that holds a block, or where it would go. */
  private find(block: number): number {
    let slot = this.home(block);
    while (this.places[slot] !== ABSENT && this.blocks[slot] !== block) slot = (slot + 1) & this.mask;
    return slot;
  }

  private home(block: number): number {
    return Math.imul(block, SPREAD) >>> this.shift;
  }
}
