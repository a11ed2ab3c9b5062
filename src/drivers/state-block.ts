/** What state blocks of all devices have in common. */

/** An adopted block does not hold together. */
export class StateError extends Error {
  constructor(reason: string) {
    super(`state block refused: ${reason}`);
    this.name = 'StateError';
  }
}

/** Number of the lowest bit that is set: of the next queue, where bits stand for queues. */
export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Adds a word to a digest. */
export function mixed(hash: number, word: number): number {
  return ((hash << 5) | (hash >>> 27)) ^ Math.imul(word + 1, 0x9e3779b1);
}
