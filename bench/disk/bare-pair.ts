/**
 * The bare queue pair: the same controller and the same protocol as a driver's (4.1, 4.2, 4.6), by hand. Each completion's
 * phase tag is read atomically, its block is checked, its command identifier is used again at once for a read of another
 * block, and both doorbells are rung once a burst. No driver, no request, no state block, no host: what is left is what
 * must be done. The disk is brought up by what the drivers do it with.
 */
import { BlockBooks } from '../../src/check/blocks/books.ts';
import { bringUp, createPair } from '../../src/drivers/nvme/bring-up.ts';
import type { DiskEnvironment } from '../../src/drivers/nvme/contract.ts';
import { RequestTable } from '../../src/drivers/nvme/requests.ts';
import { DISK_STATE_BYTES, DiskState, PAIR } from '../../src/drivers/nvme/state.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import { LatencyHistogram } from '../../src/host/workload/latency.ts';
import type { Clock } from '../../src/hw/clock.ts';
import { DmaAllocator } from '../../src/hw/dma.ts';
import { nextRandom } from '../../src/hw/link/frames.ts';
import { type Memory, PAGE_SHIFT } from '../../src/hw/memory.ts';
import {
  BLOCK_SHIFT,
  CDW0_CID_SHIFT,
  CQE,
  CQE_PHASE,
  CQE_STATUS_SHIFT,
  CQE_WORDS,
  cqHead,
  NAMESPACE,
  NVM,
  SQE,
  SQE_WORDS,
  sqTail,
} from '../../src/hw/nvme/datasheet.ts';
import { NvmePort } from '../../src/hw/nvme/port.ts';
import { WHOLE_ONE_IN } from '../ledger.ts';
import type { Asker, Service } from './asker.ts';
import { type BlockCheck, blockCheck } from './block-check.ts';
import { BLOCK_BYTES, workloadOf } from './machine.ts';
import type { DiskBooks, DiskWork } from './messages.ts';

const QUEUE = 1;
/** As the drivers have it by default. */
const DEPTH = 128;
const CID_MASK = 0xffff;
/** Logical blocks of a block under test, as a shift, and as a command says it: one less. */
const SECTOR_SHIFT = PAGE_SHIFT - BLOCK_SHIFT;
const LAST_SECTOR = (1 << SECTOR_SHIFT) - 1;
const STEPS_PER_LOOK = 16;

export class BarePair implements Asker {
  done = 0;
  readonly latency: LatencyHistogram;
  private readonly words: Int32Array;
  private readonly clock: Clock;
  private readonly check: BlockCheck;
  private readonly books: BlockBooks;
  /** Word indices: both queues, and their doorbells. */
  private readonly sq: number;
  private readonly cq: number;
  private readonly sqDoorbell: number;
  private readonly cqDoorbell: number;
  private readonly slots: number;
  private readonly data: number;
  /** Blocks that are asked for: a power of two. */
  private readonly area: number;
  private random = nextRandom(1);
  private head = 0;
  private tail = 0;
  /** By command identifier: the block that it reads, and since when. */
  private readonly asked = new Int32Array(DEPTH);
  private readonly sinceUs = new Float64Array(DEPTH);
  private wrong = 0;
  private timed = false;

  constructor(memory: Memory, layout: MachineLayout, clock: Clock, wholeLedger: boolean) {
    const places = workloadOf(layout);
    const [disk] = layout.disks;
    this.words = memory.words;
    this.clock = clock;
    this.check = blockCheck(memory, places, wholeLedger);
    this.books = new BlockBooks(memory, places.regions.books);
    this.latency = new LatencyHistogram(memory, places.regions.latency);
    this.data = disk.data.address;
    this.area = places.options.area;
    const environment = broughtUp(memory, layout, clock);
    const record = environment.state.pair(QUEUE);
    this.sq = memory.words[record + PAIR.sq];
    this.cq = memory.words[record + PAIR.cq];
    this.slots = memory.words[record + PAIR.slots];
    this.sqDoorbell = (disk.nvme.registers.address + sqTail(QUEUE)) >>> 2;
    this.cqDoorbell = (disk.nvme.registers.address + cqHead(QUEUE)) >>> 2;
    this.writeAll();
  }

  begin({ iodepth }: DiskWork): void {
    this.settle();
    for (let cid = 0; cid < iodepth; cid++) this.ask(cid);
    this.ringSubmission();
  }

  drain(): void {
    while (this.take() > 0);
  }

  serve(untilUs: number): Service {
    const beganUs = this.clock.nowUs();
    this.timed = true;
    this.sinceUs.fill(beganUs);
    while (this.clock.nowUs() < untilUs) for (let step = 0; step < STEPS_PER_LOOK; step++) this.take();
    this.timed = false;
    const lookingUs = this.clock.nowUs() - beganUs; // which part of it was work nobody has measured
    return { occupancy: { workingUs: 0, lookingUs, idleUs: 0 }, swaps: [] };
  }

  conclude(): DiskBooks {
    this.settle();
    const corrupt = this.books.read('corrupt');
    const violations: string[] = [];
    if (this.wrong + corrupt > 0)
      violations.push(`bare queue pair: ${this.wrong + corrupt} blocks were not as written`);
    return { blocksChecked: this.done, wholeShare: 1 / WHOLE_ONE_IN, violations };
  }

  /** Hot path: takes what is done, and asks for as much. Returns commands. */
  private take(): number {
    const { words, check, sq, cq, slots, data, asked, sinceUs, timed } = this;
    const mask = slots - 1;
    const lastBlock = this.area - 1;
    let { head, tail, random } = this;
    let wrong = 0;
    let nowUs = 0;
    const first = head;
    // One that is asked for here is not done before its doorbell is rung.
    for (;;) {
      // Pairs with the controller's store of the phase tag, which publishes entry and data.
      const posted = Atomics.load(words, cq + (head & mask) * CQE_WORDS + CQE.status);
      if ((posted & CQE_PHASE) !== ((head & slots) === 0 ? CQE_PHASE : 0)) break;
      const cid = posted & CID_MASK;
      const address = data + (cid << PAGE_SHIFT);
      if (posted >>> CQE_STATUS_SHIFT !== 0) wrong++;
      wrong += check.wrong(cid, asked[cid], address);
      if (timed) {
        if (head === first) nowUs = this.clock.nowUs();
        this.latency.count(nowUs - sinceUs[cid]);
        sinceUs[cid] = nowUs;
      }
      random = nextRandom(random);
      const block = random & lastBlock;
      asked[cid] = block;
      check.asks(cid, block, address);
      const entry = sq + (tail & mask) * SQE_WORDS;
      words[entry + SQE.cdw0] = (cid << CDW0_CID_SHIFT) | NVM.read;
      words[entry + SQE.nsid] = NAMESPACE;
      words[entry + SQE.prp1] = address;
      words[entry + SQE.prp1High] = 0;
      words[entry + SQE.cdw10] = block << SECTOR_SHIFT;
      words[entry + SQE.cdw11] = 0;
      words[entry + SQE.cdw12] = LAST_SECTOR;
      head = (head + 1) | 0;
      tail = (tail + 1) | 0;
    }
    const taken = (head - first) | 0;
    if (taken === 0) return 0;
    this.random = random;
    this.wrong += wrong;
    this.done += taken;
    this.head = head;
    this.tail = tail;
    Atomics.store(words, this.cqDoorbell, head & mask);
    Atomics.store(words, this.sqDoorbell, tail & mask); // publishes the entries to the controller
    return taken;
  }

  /** Every block once. */
  private writeAll(): void {
    const { check, asked } = this;
    for (let block = 0; block < this.area; block += DEPTH) {
      for (let cid = 0; cid < DEPTH; cid++) {
        asked[cid] = block + cid;
        check.fill(cid, asked[cid], this.addressOf(cid));
        this.write(cid, NVM.write);
      }
      this.ringSubmission();
      this.takeAll((cid) => check.filled(cid, asked[cid], this.addressOf(cid)));
    }
  }

  /** Takes what is outstanding, and asks for nothing. */
  private settle(): void {
    this.takeAll((cid) => {
      this.wrong += this.check.wrong(cid, this.asked[cid], this.addressOf(cid));
      this.done++;
    });
  }

  private takeAll(taken: (cid: number) => void): void {
    const { words, cq, slots } = this;
    const mask = slots - 1;
    while (this.head !== this.tail) {
      const posted = Atomics.load(words, cq + (this.head & mask) * CQE_WORDS + CQE.status);
      if ((posted & CQE_PHASE) !== ((this.head & slots) === 0 ? CQE_PHASE : 0)) continue;
      if (posted >>> CQE_STATUS_SHIFT !== 0) this.wrong++;
      taken(posted & CID_MASK);
      this.head = (this.head + 1) | 0;
      Atomics.store(words, this.cqDoorbell, this.head & mask);
    }
  }

  private ask(cid: number): void {
    this.random = nextRandom(this.random);
    this.asked[cid] = this.random & (this.area - 1);
    this.check.asks(cid, this.asked[cid], this.addressOf(cid));
    this.write(cid, NVM.read);
  }

  private write(cid: number, opcode: number): void {
    const { words } = this;
    const entry = this.sq + (this.tail & (this.slots - 1)) * SQE_WORDS;
    words.fill(0, entry, entry + SQE_WORDS);
    words[entry + SQE.cdw0] = (cid << CDW0_CID_SHIFT) | opcode;
    words[entry + SQE.nsid] = NAMESPACE;
    words[entry + SQE.prp1] = this.addressOf(cid);
    words[entry + SQE.cdw10] = this.asked[cid] << SECTOR_SHIFT;
    words[entry + SQE.cdw12] = LAST_SECTOR;
    this.tail = (this.tail + 1) | 0;
  }

  private ringSubmission(): void {
    Atomics.store(this.words, this.sqDoorbell, this.tail & (this.slots - 1));
  }

  private addressOf(cid: number): number {
    return this.data + cid * BLOCK_BYTES;
  }
}

/** Of this only the queues are used, once the disk is up. */
function broughtUp(memory: Memory, layout: MachineLayout, clock: Clock): DiskEnvironment {
  const [disk] = layout.disks;
  const dma = new DmaAllocator(memory, layout.dmaTable, layout.dmaPages);
  const environment: DiskEnvironment = {
    port: new NvmePort(memory, disk.nvme, clock),
    memory,
    dma,
    state: new DiskState(memory, dma.allocate(DISK_STATE_BYTES, 'a state block')),
    requests: new RequestTable(memory, disk.requests),
    clock,
    queues: 1,
    complete: () => undefined,
  };
  environment.port.map(disk.data);
  for (const _ of bringUp(environment));
  for (const _ of createPair(environment, QUEUE, 0, DEPTH));
  return environment;
}
