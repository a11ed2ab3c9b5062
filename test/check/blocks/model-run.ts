/** A model and a history of the same requests, which come by lot: what the one says is held against the other. */
import { expect } from 'vitest';
import { BlockModel, HELD, modelBytes, NEVER_WRITTEN, STALE } from '../../../src/check/blocks/model.ts';
import { nextRandom } from '../../../src/hw/link/frames.ts';
import { Memory, MemoryMap } from '../../../src/hw/memory.ts';
import { type Event, History } from './history.ts';

const EACH = 3;

export function makeModel(blocks: number, requests: number) {
  const map = new MemoryMap();
  const region = map.take(modelBytes(blocks, requests, EACH));
  const memory = new Memory(new SharedArrayBuffer(map.bytes));
  return { memory, remake: () => new BlockModel(memory, region, blocks, EACH) };
}

/** What may happen in a run by lot. */
export interface Rules {
  readonly blocks: number;
  readonly depth: number;
  /** One write at a time to a block, and one flush at a time that does not fail: the model must be exact. */
  readonly exact: boolean;
}

/** A run by lot: each read that is done is asked for every version that there is. */
export class Run {
  readonly history: History;
  /** Versions asked for, and those that were not to be read. */
  asked = 0;
  refused = 0;
  private readonly memory: Memory;
  private readonly remake: () => BlockModel;
  private model: BlockModel;
  private readonly rules: Rules;
  private readonly outstanding: (Event | undefined)[];
  private random: number;

  constructor(seed: number, rules: Rules) {
    this.history = new History(rules.blocks);
    this.rules = rules;
    this.random = nextRandom(Math.imul(seed + 1, 0x9e3779b1));
    this.outstanding = new Array(rules.depth).fill(undefined);
    const { memory, remake } = makeModel(rules.blocks, rules.depth);
    this.memory = memory;
    this.remake = remake;
    this.model = remake();
  }

  steps(count: number): void {
    for (let i = 0; i < count; i++) {
      const request = this.lot(this.rules.depth);
      const event = this.outstanding[request];
      if (this.lot(10) === 0) this.model = this.remake(); // goes on with what lies in memory
      if (this.lot(60) === 0) this.cut();
      else if (event === undefined) this.submit(request);
      else this.complete(request, event);
    }
  }

  private submit(request: number): void {
    const { model, history } = this;
    const first = this.lot(this.rules.blocks);
    const blocks = 1 + this.lot(Math.min(EACH, this.rules.blocks - first));
    const lot = this.lot(10);
    if (lot === 0) {
      if (this.rules.exact && this.waiting(({ kind }) => kind === 'flush')) return;
      this.outstanding[request] = history.submit('flush', 0, 0);
      model.submitFlush(request);
    } else if (lot < 5) {
      this.outstanding[request] = history.submit('read', first, blocks);
      model.submitRead(request, first, blocks);
    } else {
      const overlaps = (other: Event): boolean =>
        other.kind === 'write' && other.first < first + blocks && first < other.first + other.blocks;
      if (this.rules.exact && this.waiting(overlaps)) return;
      const event = history.submit('write', first, blocks, {
        zeroes: this.lot(4) === 0,
        fua: this.lot(4) === 0,
      });
      this.outstanding[request] = event;
      model.submitWrite(request, first, blocks, event.zeroes);
      expect(event.versions.map((_, i) => model.version(request, i))).toEqual(event.versions);
    }
  }

  private complete(request: number, event: Event): void {
    const { model, history } = this;
    const ok = this.lot(8) !== 0 || (this.rules.exact && event.kind === 'flush');
    this.outstanding[request] = undefined;
    history.complete(event, ok);
    if (event.kind === 'flush') {
      if (ok) model.flushDone(request);
    } else if (event.kind === 'write') {
      if (ok) model.writeDone(request, event.fua);
      else model.writeDropped(request);
    } else if (ok) {
      for (let i = 0; i < event.blocks; i++) this.read(request, event, i);
    }
  }

  private cut(): void {
    const { model, history, outstanding } = this;
    outstanding.forEach((event, request) => {
      if (event === undefined) return;
      history.complete(event, false);
      if (event.kind === 'write') model.writeDropped(request);
    });
    outstanding.fill(undefined);
    history.cut();
    model.cut();
  }

  /** Asks for every version, then goes on with one of those that a correct disk may have. */
  private read(request: number, read: Event, index: number): void {
    const { history } = this;
    const block = read.first + index;
    const newest = history.newestOf(block);
    const versions = Array.from({ length: newest + 1 }, (_, version) => version);
    const allowed = versions.filter((version) => history.allows(read, block, version));
    expect(allowed).not.toEqual([]);
    const isZeroes = (version: number): boolean => history.isZeroes(block, version);
    for (const version of versions)
      if (!isZeroes(version)) this.compare(allowed.includes(version), this.ask(request, index, version));
    this.compare(allowed.some(isZeroes), this.ask(request, index, undefined));
    expect(this.ask(request, index, newest + 1)).toBe(NEVER_WRITTEN);

    const found = allowed[this.lot(allowed.length)];
    const zeroes = isZeroes(found);
    if (zeroes) this.model.readZeroes(request, index);
    else this.model.readVersion(request, index, found);
    history.found(read, block, found);
  }

  private compare(allowed: boolean, verdict: number): void {
    this.asked++;
    if (verdict !== HELD) this.refused++;
    // Not by `expect`, which takes its time: this is asked a million times.
    if (allowed ? verdict !== HELD : this.rules.exact && verdict !== STALE)
      expect.fail(`${allowed ? 'accused' : 'let pass'}: verdict ${verdict}`);
  }

  /** The verdict on a version, or on zeroes, leaving no trace. */
  private ask(request: number, index: number, version: number | undefined): number {
    const before = this.memory.words.slice();
    const { model } = this;
    const verdict =
      version === undefined ? model.readZeroes(request, index) : model.readVersion(request, index, version);
    this.memory.words.set(before);
    return verdict;
  }

  private waiting(what: (event: Event) => boolean): boolean {
    return this.outstanding.some((event) => event !== undefined && what(event));
  }

  private lot(choices: number): number {
    this.random = nextRandom(this.random);
    return Math.floor(((this.random >>> 0) / 2 ** 32) * choices);
  }
}
