/**
 * The buffered driver: a write of whole pages is done when it lies in the buffer, and the disk gets it later. A flush first
 * writes out what was dirty when it came. All else goes to the disk itself: FUA writes, discards, zeroes, writes of parts of
 * pages, and reads that the buffer cannot answer whole.
 */
import { align, PAGE_BYTES, type Region } from '../../hw/memory.ts';
import { put } from '../../hw/shared.ts';
import type { Parameters } from '../parameters.ts';
import { StateError } from '../state-block.ts';
import { checkRequest } from './command.ts';
import type { DiskDriverDefinition, DiskEnvironment } from './contract.ts';
import { InterruptDriver } from './interrupt.ts';
import type { OwnCommands, QueuePair } from './queue-pair.ts';
import { QUEUE_PARAMETERS } from './queue-parameters.ts';
import { PENDING, REQUEST } from './requests.ts';
import { DISK_FORMAT, OWN } from './state.ts';
import { MOST_WAITING, WaitingList, waitingWords } from './waiting-list.ts';
import { STARTED, WAITS, WriteBack } from './write-back.ts';
import { bufferBytes, WriteBuffer } from './write-buffer.ts';

/** The disk's format, and as its extension a buffer, and the requests that wait. */
export const BUFFERED_FORMAT = 'ringswap.nvme.buffered.2';

export class BufferedDriver extends InterruptDriver implements OwnCommands {
  private readonly buffer: WriteBuffer;
  private readonly back: WriteBack;
  private readonly waiting: WaitingList[] = [];
  /** A buffer of this driver's size that is not in use; null where the one in use is of that size. */
  private spare: Region | null;
  /** Is the buffer in use this driver's to free? */
  private owns = false;
  /** Something has come or ended since the waiting requests were looked at. */
  private look = false;
  /** Another driver is to come, or the one before may come back. */
  private leaving = false;
  /** May the buffer in use be given up for one of this driver's size? */
  private proven = false;
  private readonly ended = new Int32Array(MOST_WAITING);
  /** Of what is taken over: commands of its own, and by 1 slots and requests that have a command. */
  private ownTakenOver = 0;
  private slotsInFlight = new Uint8Array(0);
  private readonly requestsInFlight: Uint8Array;
  private readonly noteCommand = (first: number, count: number, queue: number, cid: number): void => {
    if (first <= OWN) this.noteOwn(OWN - first, queue, cid);
    else this.noteRequests(first, count);
  };
  private readonly hasCommand = (slot: number): boolean => this.slotsInFlight[slot] !== 0;
  private readonly waits = (request: number): boolean => this.stillWaits(request);

  constructor(environment: DiskEnvironment, parameters: Parameters) {
    super(environment, parameters);
    const { memory, queues, state } = environment;
    const { buffers } = parameters;
    const inUse = state.header('extension') === 0 ? 0 : state.header('extensionBytes') >>> 0;
    // Of a buffer that it may have to take over, no more slots than there are pages.
    const most = Math.max(buffers, inUse / PAGE_BYTES);
    this.buffer = new WriteBuffer(memory, waitingWords(queues), most);
    this.slotsInFlight = new Uint8Array(most);
    this.requestsInFlight = new Uint8Array(environment.requests.count);
    this.back = new WriteBack(environment, this.buffer, Math.min(parameters.readAhead, buffers >>> 1));
    for (let queue = 0; queue < queues; queue++) this.waiting.push(new WaitingList(memory.words));
    // Made here, while preparing: it takes the place of one of another size that is in use, when that is empty.
    this.spare = inUse === align(this.bytes, PAGE_BYTES) ? null : this.makeBuffer();
  }

  override *start(): Generator<void> {
    yield* super.start();
    this.install();
    this.proven = true;
  }

  /** Everything is written out first, as far as the disk takes it. */
  override *stop(): Generator<void> {
    this.back.givingUp = true;
    while (!this.settle()) {
      for (const pair of this.pairs) this.serve(pair, MOST_WAITING);
      this.advance();
      yield;
    }
    this.forgetBuffer();
    yield* super.stop();
  }

  override activate(): void {
    this.owns = true;
    this.leaving = false;
    this.back.aside = this.resizing;
    this.look = true;
    super.activate();
  }

  /** Throws StateError if a driver without a buffer is to come while there is something in this one: see `settle`. */
  override exportState(format: string): void {
    super.exportState(format);
    if (format === BUFFERED_FORMAT) {
      this.owns = false;
      return;
    }
    if (!this.settled()) throw new StateError('the write buffer is not clean: settle it before the swap');
    this.forgetBuffer();
  }

  override importState(format: string): void {
    super.importState(format);
    const { state } = this.environment;
    const address = state.header('extension') >>> 0;
    // There is none if the CPU ended while an empty one took the place of another.
    if (format !== BUFFERED_FORMAT || address === 0) this.install();
    else this.use({ address, bytes: state.header('extensionBytes') >>> 0 });
    this.back.changes.clear();
    if (this.slotsInFlight.length < this.buffer.slots) this.slotsInFlight = new Uint8Array(this.buffer.slots);
    this.ownTakenOver = 0;
    this.slotsInFlight.fill(0);
    this.requestsInFlight.fill(0);
    state.forEachCommand(this.noteCommand);
    this.back.forgetOthers(this.ownTakenOver, this.hasCommand);
    for (const list of this.waiting) list.sift(this.waits);
  }

  override queuesChanged(): void {
    super.queuesChanged();
    this.look = true;
  }

  override room(queue: number): number {
    if (!this.back.aside) return this.waiting[queue].room;
    return this.settled() ? super.room(queue) : 0;
  }

  override submit(queue: number, requests: Int32Array, count: number): number {
    if (this.back.aside) return this.settled() ? this.submitPast(queue, requests, count) : 0;
    const { memory, requests: table, state } = this.environment;
    const list = this.waiting[queue];
    const taken = Math.min(count, list.room);
    const transferBlocks = state.header('transferBlocks');
    for (let i = 0; i < taken; i++) {
      const request = requests[i];
      const at = table.at(request);
      checkRequest(memory.words, request, at, transferBlocks);
      put(memory.words, at + REQUEST.next, -1);
      list.add(request, this.buffer.version);
    }
    this.look = true;
    return taken;
  }

  override poll(budget: number): number {
    const served = super.poll(budget);
    if (!this.look) return served;
    const count = served + this.advance();
    if (this.resizing && this.settled()) this.resize();
    return count;
  }

  override idle(): boolean {
    return super.idle() && !this.look;
  }

  override release(): void {
    super.release();
    if (this.spare !== null) this.free(this.spare);
    if (this.owns) this.free(this.buffer.region);
    this.spare = null;
    this.owns = false;
  }

  /** One of its own commands has ended. */
  finished(slot: number, status: number): void {
    this.look = true;
    this.back.finished(slot, status);
  }

  /**
   * Holds nothing back from now on, until it is activated again. True once the buffer is clean and nobody waits: then a driver
   * without a buffer may take over. To be called between polls, while this driver serves.
   */
  settle(): boolean {
    this.leaving = true;
    this.back.aside = true;
    this.look = true;
    return this.settled();
  }

  proved(): void {
    this.proven = true;
    this.leaving = false;
    this.back.aside = this.resizing;
    this.look = true;
  }

  protected override makePair(queue: number): QueuePair {
    const pair = super.makePair(queue);
    pair.own = this;
    return pair;
  }

  protected override handOver(queue: number, requests: Int32Array, count: number): void {
    this.look = true;
    for (let i = 0; i < count; i++) this.back.changes.remove(requests[i]);
    super.handOver(queue, requests, count);
  }

  /** The buffer in use is of another size than this driver's, and there is one to take its place. */
  private get resizing(): boolean {
    return this.proven && this.spare !== null && this.buffer.slots !== this.parameters.buffers;
  }

  private settled(): boolean {
    for (const list of this.waiting) if (list.count > 0) return false;
    return this.back.clean;
  }

  /** While the buffer stands aside: it must not remember what is changed on the disk. */
  private submitPast(queue: number, requests: Int32Array, count: number): number {
    this.back.dropClean();
    const taken = super.submit(queue, requests, count);
    for (let i = 0; i < taken; i++) this.back.changes.add(requests[i]);
    return taken;
  }

  /** Looks at all that waits, and writes out what is too much. Returns requests handed over. */
  private advance(): number {
    this.look = false;
    let count = 0;
    for (let queue = 0; queue < this.waiting.length; queue++) count += this.advanceQueue(queue);
    this.back.writeOutExcess();
    this.ringDoorbells();
    return count;
  }

  private advanceQueue(queue: number): number {
    const { environment, ended } = this;
    const list = this.waiting[queue];
    const waited = list.count;
    let kept = 0;
    let count = 0;
    for (let place = 0; place < waited; place++) {
      const request = list.request(place);
      const version = list.version(place);
      const outcome = this.back.begin(queue, request, version);
      if (outcome === WAITS) list.keep(kept++, request, version);
      else if (outcome !== STARTED && environment.requests.finish(request, outcome)) ended[count++] = request;
    }
    if (kept < waited) list.truncate(kept);
    if (count > 0) environment.complete(queue, ended, count);
    return count;
  }

  private noteRequests(first: number, count: number): void {
    const { memory, requests } = this.environment;
    let request = first;
    for (let nth = 0; nth < count && request >= 0; nth++) {
      this.back.changes.add(request);
      this.requestsInFlight[request] = 1;
      request = memory.words[requests.at(request) + REQUEST.next];
    }
  }

  /** A command whose end was known before its CPU ended is no slot's any more. */
  private noteOwn(slot: number, queue: number, cid: number): void {
    if (this.back.takeCommand(slot)) {
      this.slotsInFlight[slot] = 1;
      this.ownTakenOver++;
    } else for (const pair of this.pairs) if (pair.queue === queue) pair.disown(cid);
  }

  /** A request of a list that was taken over, if it is neither done nor in a command nor in a list before: it is this driver's. */
  private stillWaits(request: number): boolean {
    const { memory, requests } = this.environment;
    if (requests.status(request) !== PENDING || this.requestsInFlight[request] !== 0) return false;
    this.requestsInFlight[request] = 1;
    if (requests.isUntaken(request)) put(memory.words, requests.at(request) + REQUEST.next, -1);
    return true;
  }

  private get bytes(): number {
    return bufferBytes(this.parameters.buffers, waitingWords(this.environment.queues));
  }

  private makeBuffer(): Region {
    const { dma, port } = this.environment;
    const region = dma.allocate(this.bytes, `a buffer of ${this.parameters.buffers} pages`);
    port.map(region);
    return region;
  }

  /** An empty buffer of this driver's own. */
  private install(): void {
    const { environment, parameters } = this;
    const { state } = environment;
    const region = this.spare ?? (this.owns ? this.buffer.region : this.makeBuffer());
    const replaced = this.owns && this.spare !== null ? this.buffer.region : null;
    this.buffer.format(region, parameters.buffers);
    this.spare = null;
    this.owns = true;
    this.use(region);
    state.setHeader('extension', 0); // address and length hold together, wherever this ends
    state.setHeader('extensionBytes', region.bytes);
    state.setHeader('extension', region.address); // a successor finds it from now on
    if (replaced !== null) this.free(replaced);
  }

  private forgetBuffer(): void {
    this.environment.state.setHeader('extension', 0);
    this.environment.state.setHeader('extensionBytes', 0);
  }

  /** Takes over a buffer, whatever its size, and who waits. Throws StateError. */
  private use(region: Region): void {
    this.buffer.adopt(region);
    this.back.serving = this.serving;
    for (let queue = 0; queue < this.waiting.length; queue++)
      this.waiting[queue].bind(this.buffer.beside, queue, this.environment.requests.count);
  }

  /** The buffer that was taken over holds nothing any more: one of this driver's size takes its place. */
  private resize(): void {
    this.install();
    this.back.aside = this.leaving;
  }

  private free(region: Region): void {
    this.environment.port.unmap(region);
    this.environment.dma.free(region);
  }
}

export const buffered: DiskDriverDefinition = {
  name: 'buffered',
  version: '1.0.0',
  device: 'nvme',
  description:
    'writes are done when they lie in a buffer, reads ahead: least latency for writes and for reads in order',
  exports: [BUFFERED_FORMAT, DISK_FORMAT],
  imports: [BUFFERED_FORMAT, DISK_FORMAT],
  parameters: [
    ...QUEUE_PARAMETERS,
    {
      name: 'buffers',
      description: 'pages of 4 KiB that the buffer holds',
      unit: 'pages',
      min: 8,
      max: 16_384,
      default: 512,
    },
    {
      name: 'readAhead',
      description: 'pages read ahead of reads in order, at most half of the buffer; 0 for none',
      unit: 'pages',
      min: 0,
      max: 256,
      default: 8,
    },
  ],
  create: (environment, parameters) => new BufferedDriver(environment, parameters),
};
