/** Requests that a driver has taken and not yet begun with, one list for each of the client's queues, in shared words. */
import { put, store } from '../../hw/shared.ts';
import { StateError } from '../state-block.ts';

/** Requests that wait on a queue, at most. */
export const MOST_WAITING = 256;
const ENTRY_WORDS = 2;
const LIST_WORDS = 1 + MOST_WAITING * ENTRY_WORDS;

export function waitingWords(queues: number): number {
  return queues * LIST_WORDS;
}

/**
 * Who looks through a list keeps some of its requests: entries move to the front, then the count is stored. Whoever stops in
 * between leaves some that are in it twice, are done or have a command by now, but none that is lost: see `sift`.
 */
export class WaitingList {
  private readonly words: Int32Array;
  private at = 0;

  constructor(words: Int32Array) {
    this.words = words;
  }

  /** `base`: word index of the lists. Throws StateError if they cannot be lists of requests below `requests`. */
  bind(base: number, queue: number, requests: number): void {
    this.at = base + queue * LIST_WORDS;
    if (this.count < 0 || this.count > MOST_WAITING)
      throw new StateError(`queue ${queue}: ${this.count} requests wait`);
    for (let place = 0; place < this.count; place++)
      if (this.request(place) < 0 || this.request(place) >= requests)
        throw new StateError(`queue ${queue}: no such waiting request as ${this.request(place)}`);
  }

  /** Of a list that was taken over, those that do not wait: `waits` is asked of each request, in order. */
  sift(waits: (request: number) => boolean): void {
    let kept = 0;
    for (let place = 0; place < this.count; place++) {
      if (!waits(this.request(place))) continue;
      if (kept < place) this.keep(kept, this.request(place), this.version(place));
      kept++;
    }
    if (kept < this.count) this.truncate(kept);
  }

  get count(): number {
    return this.words[this.at];
  }

  get room(): number {
    return MOST_WAITING - this.count;
  }

  /** `version`: the last write that a flush must wait for. There must be room. */
  add(request: number, version: number): void {
    const count = this.count;
    this.keep(count, request, version);
    this.truncate(count + 1);
  }

  request(place: number): number {
    return this.words[this.entry(place)];
  }

  version(place: number): number {
    return this.words[this.entry(place) + 1];
  }

  keep(place: number, request: number, version: number): void {
    put(this.words, this.entry(place) + 1, version);
    put(this.words, this.entry(place), request);
  }

  truncate(count: number): void {
    store(this.words, this.at, count); // publishes the entries to a successor
  }

  private entry(place: number): number {
    return this.at + 1 + place * ENTRY_WORDS;
  }
}
