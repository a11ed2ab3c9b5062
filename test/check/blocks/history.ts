/** All that happened to some blocks, kept for good: what each may hold, by the rules and by brute force. */

export interface Event {
  readonly kind: 'read' | 'write' | 'flush';
  readonly first: number;
  readonly blocks: number;
  readonly zeroes: boolean;
  readonly fua: boolean;
  readonly submitted: number;
  /** Of a write: the version that each of its blocks gets. */
  readonly versions: readonly number[];
  done: number;
  ok: boolean;
}

/** A first look after a power cut: what was on the media. */
interface Settled {
  readonly at: number;
  readonly cut: number;
  readonly version: number;
}

const NEVER = Number.POSITIVE_INFINITY;

export class History {
  private now = 0;
  private readonly events: Event[] = [];
  private readonly newest: number[];
  private readonly settled: Settled[][];
  private readonly cuts: number[] = [];

  constructor(blocks: number) {
    this.newest = new Array(blocks).fill(0);
    this.settled = Array.from({ length: blocks }, () => []);
  }

  submit(
    kind: Event['kind'],
    first: number,
    blocks: number,
    { zeroes = false, fua = false }: { zeroes?: boolean; fua?: boolean } = {},
  ): Event {
    const versions =
      kind === 'write' ? Array.from({ length: blocks }, (_, i) => ++this.newest[first + i]) : [];
    const event = {
      kind,
      first,
      blocks,
      zeroes,
      fua,
      submitted: ++this.now,
      versions,
      done: NEVER,
      ok: false,
    };
    this.events.push(event);
    return event;
  }

  complete(event: Event, ok: boolean): void {
    event.done = ++this.now;
    event.ok = ok;
  }

  cut(): void {
    this.cuts.push(++this.now);
  }

  newestOf(block: number): number {
    return this.newest[block];
  }

  /** A version of a block has zeroes for content; version 0 is what was never written. */
  isZeroes(block: number, version: number): boolean {
    return version === 0 || this.writeOf(block, version)?.zeroes === true;
  }

  /** May the read, which is done now, have returned this version of the block? */
  allows(read: Event, block: number, version: number): boolean {
    const write = this.writeOf(block, version);
    if (version !== 0 && write === undefined) return false;
    for (const { at, cut, version: found } of this.settled[block])
      if (at < read.submitted && (write?.submitted ?? 0) < cut && version !== found) return false;
    const complete = write?.done ?? 0;
    return !this.events.some(
      (other) =>
        this.versionOf(other, block) !== undefined && complete < other.submitted && this.counts(other, read),
    );
  }

  /** What the read has returned: the first look after a cut, if nobody has written since, settles the block. */
  found(read: Event, block: number, version: number): void {
    if (this.lastCut === 0 || this.settled[block].some(({ cut }) => cut === this.lastCut)) return;
    const written = this.events.some(
      (event) => this.versionOf(event, block) !== undefined && event.submitted > this.lastCut,
    );
    if (!written && read.submitted > this.lastCut)
      this.settled[block].push({ at: ++this.now, cut: this.lastCut, version });
  }

  /** Has this write overwritten what was complete before it, as far as the read is concerned? */
  private counts(write: Event, read: Event): boolean {
    if (!write.ok || write.done > read.submitted) return false;
    if (write.submitted > this.lastCut || write.fua) return true;
    const cut = this.cuts.find((at) => at > write.done) ?? NEVER;
    return this.events.some(
      ({ kind, submitted, done, ok }) => kind === 'flush' && ok && submitted > write.done && done < cut,
    );
  }

  private get lastCut(): number {
    return this.cuts.at(-1) ?? 0;
  }

  private writeOf(block: number, version: number): Event | undefined {
    return this.events.find((event) => this.versionOf(event, block) === version);
  }

  private versionOf({ kind, first, blocks, versions }: Event, block: number): number | undefined {
    return kind === 'write' && block >= first && block < first + blocks ? versions[block - first] : undefined;
  }
}
