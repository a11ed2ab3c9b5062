import { OP, REQUEST, type RequestTable } from './requests.ts';

/** Requests in flight that change blocks of the disk: what overlaps them must wait for their end. */
export class ChangesInFlight {
  private readonly requests: RequestTable;
  private readonly list: Int32Array;
  private count = 0;

  constructor(requests: RequestTable) {
    this.requests = requests;
    this.list = new Int32Array(requests.count);
  }

  clear(): void {
    this.count = 0;
  }

  /** Reads and flushes change nothing. */
  add(request: number): void {
    const op = this.requests.memory.words[this.requests.at(request) + REQUEST.op];
    if (op !== OP.read && op !== OP.flush) this.list[this.count++] = request;
  }

  remove(request: number): void {
    const { list } = this;
    for (let i = 0; i < this.count; i++) {
      if (list[i] !== request) continue;
      list[i] = list[--this.count];
      return;
    }
  }

  /** Does one of them change a block from `first` up to, but not including, `end`? */
  overlaps(first: number, end: number): boolean {
    const { words } = this.requests.memory;
    for (let i = 0; i < this.count; i++) {
      const at = this.requests.at(this.list[i]);
      const block = words[at + REQUEST.block] >>> 0;
      if (block < end && first < block + (words[at + REQUEST.blocks] >>> 0)) return true;
    }
    return false;
  }
}
