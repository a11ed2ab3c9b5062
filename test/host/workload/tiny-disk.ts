/** A disk with a volatile cache, and no more than that: requests take effect and complete by lot. It can misbehave. */
import { fillBlock, HEADER } from '../../../src/check/blocks/header.ts';
import { OP, REQUEST, REQUEST_FUA, type RequestTable } from '../../../src/drivers/nvme/requests.ts';
import { nextRandom } from '../../../src/hw/link/frames.ts';
import type { Memory } from '../../../src/hw/memory.ts';

const SECTOR = 512;
const MEDIA_ERROR = 0x281;

/** One request in `ONE_IN` that it could go wrong with goes wrong, and each promise is broken. */
export type Mischief =
  | 'loses a request'
  | 'completes a request twice'
  | 'completes a request again later'
  | 'completes what nobody submitted'
  | 'reads another block'
  | 'writes another block'
  | 'reads what was before'
  | 'reads what nobody wrote'
  | 'reads nothing'
  | 'reads a part'
  | 'flips a bit'
  | 'writes a part'
  | 'writes nothing'
  | 'zeroes nothing'
  | 'flushes nothing'
  | 'takes FUA for a hint'
  | 'tears when the power is cut';
const ONE_IN = 12;

export interface TinyDiskOptions {
  readonly sectors: number;
  readonly depth: number;
  readonly seed: number;
  /** What a power cut leaves whole. */
  readonly atomicBytes?: number;
  readonly mischief?: Mischief;
  /** One request in so many fails; 0: none. */
  readonly failsOneIn?: number;
  /** Some requests complete before `submit` returns. */
  readonly eager?: boolean;
}

interface Pending {
  readonly request: number;
  readonly queue: number;
  executed: boolean;
  status: number;
}

export class TinyDisk {
  complete: (queue: number, requests: Int32Array, count: number) => void = () => {};
  /** Requests in each call of `submit`, and on which queue. */
  readonly calls: { readonly queue: number; readonly requests: readonly number[] }[] = [];
  /** What reads see, what would be left without power, and what was before the last write. */
  readonly view: Uint8Array;
  private readonly media: Uint8Array;
  private readonly before: Uint8Array;
  private readonly dirty = new Set<number>();
  private readonly memory: Memory;
  private readonly requests: RequestTable;
  private readonly options: TinyDiskOptions;
  private pending: Pending[] = [];
  private repeated: Pending[] = [];
  private random: number;

  constructor(memory: Memory, requests: RequestTable, options: TinyDiskOptions) {
    this.memory = memory;
    this.requests = requests;
    this.options = options;
    this.view = new Uint8Array(options.sectors * SECTOR);
    this.media = new Uint8Array(options.sectors * SECTOR);
    this.before = new Uint8Array(options.sectors * SECTOR);
    this.random = nextRandom(Math.imul(options.seed + 1, 0x9e3779b1));
  }

  room(queue: number): number {
    return this.options.depth - this.pending.filter((pending) => pending.queue === queue).length;
  }

  submit(queue: number, requests: Int32Array, count: number): number {
    const taken = Math.min(count, this.room(queue));
    this.calls.push({ queue, requests: [...requests.subarray(0, taken)] });
    for (const request of requests.subarray(0, taken)) {
      this.memory.words[this.requests.at(request) + REQUEST.next] = -1;
      this.pending.push({ request, queue, executed: false, status: 0 });
      if (this.options.eager === true && this.lot(3) === 0) this.finish(this.pending.length - 1);
    }
    return taken;
  }

  /** A little of what there is to do. False: nothing. */
  step(): boolean {
    for (const sector of this.dirty) if (this.lot(1000) === 0) this.writeBack(sector);
    if (this.pending.length === 0) return false;
    const index = this.lot(this.pending.length);
    if (this.pending[index].executed) this.finish(index);
    else this.execute(this.pending[index]);
    return true;
  }

  /** Of what was not made durable the cut keeps some by lot; what is pending is gone. */
  cut(): void {
    for (const sector of [...this.dirty]) {
      const lost =
        this.mischief('flushes nothing') || this.mischief('takes FUA for a hint') || this.lot(2) === 0;
      if (!lost) this.writeBack(sector);
    }
    this.dirty.clear();
    this.view.set(this.media);
    this.pending = [];
    this.repeated = [];
  }

  private finish(index: number): void {
    const pending = this.pending[index];
    const { request, queue } = pending;
    if (!pending.executed) this.execute(pending);
    this.pending.splice(index, 1);
    if (this.mischief('loses a request') && this.unlucky()) return;
    this.requests.finish(request, pending.status);
    const done = [request];
    if (this.mischief('completes a request twice') && this.unlucky()) done.push(request);
    if (this.mischief('completes what nobody submitted') && this.unlucky()) done.push(5000);
    this.complete(queue, Int32Array.from(done), done.length);
    for (const again of this.repeated) this.complete(again.queue, Int32Array.of(again.request), 1);
    this.repeated = this.mischief('completes a request again later') && this.unlucky() ? [pending] : [];
  }

  private execute(pending: Pending): void {
    const { words } = this.memory;
    const at = this.requests.at(pending.request);
    const first = words[at + REQUEST.block];
    const sectors = words[at + REQUEST.blocks];
    pending.executed = true;
    const { failsOneIn = 0 } = this.options;
    const fails = failsOneIn > 0 && this.lot(failsOneIn) === 0;
    if (fails) pending.status = MEDIA_ERROR;
    const op = words[at + REQUEST.op];
    if (op === OP.read) this.read(words[at + REQUEST.data], first, sectors, fails);
    else if (op === OP.flush) this.flush(fails);
    else {
      const data = op === OP.write ? words[at + REQUEST.data] : -1;
      this.write(data, first, sectors, fails, (words[at + REQUEST.flags] & REQUEST_FUA) !== 0);
    }
  }

  private read(data: number, first: number, sectors: number, fails: boolean): void {
    const { bytes } = this.memory;
    if (fails) return void bytes.fill(0xee, data, data + this.lot(sectors) * SECTOR);
    const length = sectors * SECTOR;
    const blocks = this.options.sectors / sectors;
    const other = this.mischief('reads another block') ? this.lot(blocks) * sectors : first;
    const source = other !== first && this.isWritten(other) && this.unlucky() ? other : first;
    const old = this.mischief('reads what was before') && this.isCalm(first, sectors) && this.unlucky();
    if (this.mischief('reads nothing') && this.unlucky()) return;
    const part = this.mischief('reads a part') && this.unlucky() ? length - SECTOR : length;
    const from = (old ? this.before : this.view).subarray(source * SECTOR, source * SECTOR + part);
    bytes.set(from, data);
    if (!this.isWritten(source)) return;
    if (this.mischief('flips a bit') && this.unlucky()) bytes[data + this.lot(length)] ^= 1 << this.lot(8);
    if (this.mischief('reads what nobody wrote') && this.unlucky()) {
      const word = data >>> 2;
      const { words } = this.memory;
      fillBlock(
        this.memory,
        data,
        length,
        words[word + HEADER.block],
        words[word + HEADER.version] + 1_000_000,
      );
    }
  }

  /** `data` below zero: zeroes. A failed one writes some of its sectors. */
  private write(data: number, first: number, sectors: number, fails: boolean, fua: boolean): void {
    if (data < 0 && this.mischief('zeroes nothing') && this.unlucky()) return;
    if (this.mischief('writes nothing') && this.unlucky()) return;
    const astray = this.mischief('writes another block') && this.unlucky();
    const to = astray ? (first + sectors) % this.options.sectors : first;
    const most = this.mischief('writes a part') && this.unlucky() ? sectors / 2 : sectors;
    const unit = this.unitSectors;
    this.before.set(this.view.subarray(to * SECTOR, (to + sectors) * SECTOR), to * SECTOR);
    for (let unitFirst = 0; unitFirst < most; unitFirst += unit) {
      if (fails && this.lot(2) === 0) continue;
      for (let sector = unitFirst; sector < Math.min(most, unitFirst + unit); sector++) {
        const from = data + sector * SECTOR;
        const place = (to + sector) * SECTOR;
        if (data < 0) this.view.fill(0, place, place + SECTOR);
        else this.view.set(this.memory.bytes.subarray(from, from + SECTOR), place);
        this.dirty.add(to + sector);
      }
    }
    if (!fua || this.mischief('takes FUA for a hint')) return;
    for (let sector = to; sector < to + sectors; sector++) this.writeBack(sector);
  }

  private flush(fails: boolean): void {
    if (fails || this.mischief('flushes nothing')) return;
    for (const sector of [...this.dirty]) this.writeBack(sector);
  }

  /** What is dirty around a sector becomes durable at once, as far as nothing may tear it. */
  private writeBack(sector: number): void {
    const unit = this.unitSectors;
    const first = sector - (sector % unit);
    const torn = this.mischief('tears when the power is cut');
    for (let each = torn ? sector : first; each < (torn ? sector + 1 : first + unit); each++) {
      if (!this.dirty.delete(each)) continue;
      this.media.set(this.view.subarray(each * SECTOR, (each + 1) * SECTOR), each * SECTOR);
    }
  }

  private get unitSectors(): number {
    return (this.options.atomicBytes ?? 4096) / SECTOR;
  }

  private isWritten(sector: number): boolean {
    return this.view.subarray(sector * SECTOR, sector * SECTOR + 4).some((byte) => byte !== 0);
  }

  /** Is no write pending there, and was there something else before? */
  private isCalm(first: number, sectors: number): boolean {
    const { words } = this.memory;
    const differs = this.view
      .subarray(first * SECTOR, (first + sectors) * SECTOR)
      .some((byte, i) => byte !== this.before[first * SECTOR + i]);
    return (
      differs &&
      !this.pending.some(({ request }) => {
        const at = this.requests.at(request);
        return words[at + REQUEST.op] !== OP.read && words[at + REQUEST.block] === first;
      })
    );
  }

  private mischief(what: Mischief): boolean {
    return this.options.mischief === what;
  }

  private unlucky(): boolean {
    return this.lot(ONE_IN) === 0;
  }

  private lot(choices: number): number {
    this.random = nextRandom(this.random);
    return Math.floor(((this.random >>> 0) / 2 ** 32) * choices);
  }
}
