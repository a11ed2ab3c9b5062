/**
 * What resets of a device have cost, and how it stands meanwhile, as shared words outside of its state block: a CPU that takes it
 * over in the middle of a reset finds them, and counts nothing twice.
 */
import { load, put, store } from '../hw/shared.ts';

const STANDING = 0;
const RESETS = 1;
/** Totals, by `Discarded`, and what the total was before the ring under way was counted. */
const TOTALS = 2;
const BEFORE = 4;
/** The ring that is counted and not yet forgotten, or 0. */
const COUNTED = 5;
const ENDED = 6;
const ENDING = 7;
export const LOSSES_BYTES = 8 * 4;

/**
 * Whoever takes it over resets it: a `torn` one because it was being reset, after what its rings still have is settled; a `lost`
 * one because its state block did not hold together, so that nothing in it is believed.
 */
const STANDINGS = ['whole', 'torn', 'lost'] as const;
export type Standing = (typeof STANDINGS)[number];

/** Frames that were received and never delivered, or accepted and never sent. */
const DISCARDED = ['received', 'accepted'] as const;
export type Discarded = (typeof DISCARDED)[number];

export class Losses {
  private readonly words: Int32Array;
  private readonly at: number;

  constructor(words: Int32Array, at: number) {
    this.words = words;
    this.at = at;
  }

  get standing(): Standing {
    return STANDINGS[load(this.words, this.at + STANDING)] ?? 'lost';
  }

  /** Stored before anything is torn down, so that whoever comes after knows. What is lost stays so. */
  tear(): void {
    if (this.standing === 'whole') this.stand('torn');
  }

  /** Stored before the state block is given up. */
  lose(): void {
    this.stand('lost');
  }

  /** State block and device agree again. */
  mend(): void {
    store(this.words, this.at + STANDING, 0);
  }

  get wasReset(): boolean {
    return load(this.words, this.at + RESETS) !== 0;
  }

  discarded(kind: Discarded): number {
    return load(this.words, this.at + TOTALS + DISCARDED.indexOf(kind));
  }

  /** Of a queue's ring, which is stopped and then forgotten: whoever comes in between counts the same frames again, in place of these. */
  discard(kind: Discarded, queue: number, frames: number): void {
    const { words, at } = this;
    const ring = ringNumber(kind, queue);
    const total = at + TOTALS + DISCARDED.indexOf(kind);
    if (load(words, at + COUNTED) !== ring) {
      put(words, at + BEFORE, words[total]);
      store(words, at + COUNTED, ring);
    }
    store(words, total, (words[at + BEFORE] + frames) | 0);
  }

  /** The ring is in the state block no more. */
  forgotten(kind: Discarded, queue: number): void {
    if (load(this.words, this.at + COUNTED) === ringNumber(kind, queue))
      store(this.words, this.at + COUNTED, 0);
  }

  /** Of all rings that there have been, as the device's own counters say: what was charged ring by ring before is among them. */
  charge(kind: Discarded, total: number): void {
    store(this.words, this.at + COUNTED, 0);
    store(this.words, this.at + TOTALS + DISCARDED.indexOf(kind), total);
  }

  /** Requests that were ended with an error. */
  get ended(): number {
    return load(this.words, this.at + ENDED);
  }

  /** So many more are to be ended: told before, and `haveEnded` when their client has heard of it. */
  willEnd(requests: number): void {
    store(this.words, this.at + ENDING, (this.ended + requests) | 0);
  }

  haveEnded(): void {
    store(this.words, this.at + ENDED, this.words[this.at + ENDING]);
  }

  /** The CPU that was to end some is no more: by as many requests as have failed it is seen how far it came. */
  settleEnded(failed: number): void {
    const { words, at } = this;
    if (words[at + ENDING] === this.ended) return;
    store(words, at + ENDED, Math.max(this.ended, Math.min(words[at + ENDING], failed)));
    store(words, at + ENDING, words[at + ENDED]);
  }

  private stand(standing: Standing): void {
    store(this.words, this.at + RESETS, 1); // first: whoever finds it torn does not tear it again
    store(this.words, this.at + STANDING, STANDINGS.indexOf(standing));
  }
}

/** Of a device that nobody will take over. */
export function unkeptLosses(): Losses {
  return new Losses(new Int32Array(new SharedArrayBuffer(LOSSES_BYTES)), 0);
}

function ringNumber(kind: Discarded, queue: number): number {
  return 1 + queue * DISCARDED.length + DISCARDED.indexOf(kind);
}
