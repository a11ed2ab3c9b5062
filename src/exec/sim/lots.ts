import { nextRandom } from '../../hw/link/frames.ts';

/** Draws from a seed. Whole numbers throughout: the same on every machine. */
export class Lots {
  private state: number;

  /** `stream` tells apart what is drawn for different ends from one seed. */
  constructor(seed: number, stream: number) {
    this.state = Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b);
    // Neighbouring seeds begin alike: a few rounds drive them apart.
    for (let round = 0; round < 6; round++) this.state = nextRandom(this.state);
  }

  /** 0 to 2^31 - 1. */
  next(): number {
    this.state = nextRandom(this.state);
    return this.state >>> 1;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return this.next() % limit;
  }

  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  chance(perMille: number): boolean {
    return perMille > 0 && this.next() % 1000 < perMille;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}
