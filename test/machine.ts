/** A whole machine in one thread, on a virtual clock: hardware and CPU step in turn, as a pattern says. */

import { vi } from 'vitest';
import type { NicDriverDefinition } from '../src/drivers/contract.ts';
import { DISK_DRIVERS, NIC_DRIVERS } from '../src/drivers/index.ts';
import type { DiskDriverDefinition } from '../src/drivers/nvme/contract.ts';
import type { Parameters } from '../src/drivers/parameters.ts';
import { Hardware } from '../src/exec/hardware.ts';
import { countDisk } from '../src/host/books.ts';
import type { Adopts } from '../src/host/card.ts';
import { Cpu } from '../src/host/cpu.ts';
import { layoutMachine, type MachineLayout } from '../src/host/machine.ts';
import { nextRandom } from '../src/hw/link/frames.ts';
import { prepareGenerated } from '../src/hw/link/generated.ts';
import { Memory, MemoryMap } from '../src/hw/memory.ts';
import { macAddress } from '../src/hw/nic/layout.ts';
import type { DiskTypes } from '../src/swap/disk-kind.ts';
import { Exchange } from '../src/swap/exchange.ts';
import type { Method } from '../src/swap/plan.ts';
import type { SwapRecord } from '../src/swap/record.ts';
import type { Slot } from '../src/swap/slot.ts';
import type { SwapRound, TimedSwap } from '../src/swap/timetable.ts';
import { countCard, type Verdict, verdictOf } from './check/verdict.ts';
import { type CardOptions, planCard } from './host/cards.ts';
import { type DiskOptions, planDisk } from './host/disks.ts';

export type { CardOptions, DiskOptions };

// On virtual time nothing is late, but a busy host may be slow.
vi.setConfig({ testTimeout: 60_000 });

/** What one turn does: so many steps of the hardware, so many of the CPU, then the clock goes on. */
export interface Turn {
  readonly hardware: number;
  readonly cpu: number;
  readonly us: number;
}
export type Pattern = (random: () => number) => Turn;

export const STEADY: Pattern = () => ({ hardware: 1, cpu: 1, us: 1 });
/** Now one side is far ahead, now the other; time stands still or leaps. */
export const IRREGULAR: Pattern = (random) => {
  const kind = random() % 8;
  const us = [0, 0, 0.5, 1, 1, 3, 20, 150][random() % 8];
  if (kind === 0) return { hardware: 8 + (random() % 24), cpu: 0, us };
  if (kind === 1) return { hardware: 0, cpu: 8 + (random() % 24), us };
  return { hardware: random() % 4, cpu: random() % 4, us };
};

export interface MachineOptions {
  readonly cards?: readonly CardOptions[];
  readonly disks?: readonly DiskOptions[];
  /** Beside the built-in drivers. */
  readonly drivers?: readonly NicDriverDefinition[];
  readonly diskDrivers?: readonly DiskDriverDefinition[];
  readonly timed?: readonly TimedSwap[];
  readonly round?: SwapRound;
  readonly seed?: number;
  readonly pattern?: Pattern;
  /** Packet buffers that the machine can have at the most. */
  readonly buffers?: number;
}

/** Frames in one step of a card or a link, as on threads. */
const BUDGET = 64;
/** A sleep that nobody ends lasts so long, as on threads. */
const LONGEST_SLEEP_US = 20_000;
/** Turns without any progress after which nothing more is expected; longer than five sleeps. */
const QUIET_TURNS = 120_000;
const TURNS_PER_LOOK = 16;

export class TestMachine {
  readonly memory: Memory;
  readonly layout: MachineLayout;
  readonly clock = { us: 0, nowUs: (): number => this.clock.us };
  readonly hardware: Hardware;
  cpu: Cpu;
  readonly ended: SwapRecord[] = [];
  pattern: Pattern;
  /** Called between two turns. */
  onTurn: () => void = () => undefined;
  /** At a scheduling point, one time in so many, the other side makes a step; 0 for never. */
  pointOdds = 0;
  turns = 0;
  private readonly random: () => number;
  private readonly makeCpu: (number: number, adopts?: Adopts) => Cpu;
  private active: 'hardware' | 'cpu' | undefined;
  private linksNext = false;
  private sleepUntilUs = 0;

  constructor(options: MachineOptions = {}) {
    const { disks = [], drivers = [], diskDrivers = [], timed = [], round, seed = 1 } = options;
    const cards = options.cards ?? (disks.length === 0 ? [{}] : []);
    const book = [...NIC_DRIVERS, ...drivers];
    const diskBook = [...DISK_DRIVERS, ...diskDrivers];
    const map = new MemoryMap();
    const plans = cards.map((card, i) => planCard(map, cards, card, i, book));
    const buffers = options.buffers ?? 12_000 * cards.length;
    const diskPlans = disks.map((disk, i) => planDisk(disk, i, diskBook));
    this.layout = layoutMachine(map, plans, buffers, seed, diskPlans);
    this.memory = new Memory(new SharedArrayBuffer(this.layout.bytes));
    plans.forEach(({ stream }, i) => {
      if (stream.kind === 'generated') prepareGenerated(this.memory, stream, macAddress(i), seed + i);
    });
    this.hardware = new Hardware(this.memory, this.layout, this.clock, () => undefined);
    this.makeCpu = (number, adopts) =>
      new Cpu(this.memory, this.layout, this.clock, {
        timed,
        round,
        drivers: book,
        diskDrivers: diskBook,
        number,
        ...(adopts === undefined ? {} : { adopts }),
        swapEnded: (record) => this.ended.push(record),
      });
    this.cpu = this.makeCpu(0);
    this.pattern = options.pattern ?? STEADY;
    this.random = randomFrom(seed);
  }

  /** Cards up, traffic on. */
  static started(options: MachineOptions = {}): TestMachine {
    const machine = new TestMachine(options);
    machine.boot();
    machine.start();
    return machine;
  }

  boot(): void {
    this.stepThrough(this.cpu.boot());
  }

  /** The CPU makes no more steps: another one takes its cards over, or throws why it does not. */
  succeed(): void {
    this.follow(this.successor('atOnce'));
  }

  /** The CPU leaves, after so many turns in which the one that takes over is there already. */
  handOver(turns: number): Cpu {
    const next = this.successor('later');
    this.runFor(turns);
    this.cpu.leave();
    this.follow(next);
    return next;
  }

  successor(adopts: Adopts): Cpu {
    return this.makeCpu(1 - this.cpu.number, adopts);
  }

  private follow(next: Cpu): void {
    this.cpu = next;
    if (next.adopts === 'later') {
      next.succeed();
      next.settleIn();
    } else this.stepThrough(next.adopt());
    next.start(this.clock.us);
  }

  /** The swap of a slot, while one is under way. */
  exchange(index = 0): Exchange | undefined {
    const { mediator } = this.slot(index);
    return mediator instanceof Exchange ? mediator : undefined;
  }

  start(): void {
    this.hardware.start(this.clock.us);
    this.cpu.start(this.clock.us);
  }

  slot(index = 0): Slot {
    return this.cpu.slots[index];
  }

  disk(index = 0): Slot<DiskTypes> {
    return this.cpu.disks[index].slot;
  }

  turn(): void {
    const { hardware, cpu, us } = this.pattern(this.random);
    for (let i = 0; i < hardware; i++) this.stepHardware();
    for (let i = 0; i < cpu; i++) this.stepCpu();
    this.clock.us += us;
    this.turns++;
    this.onTurn();
  }

  /** Turns until it holds. False when it did not come about in `turns`. */
  runUntil(holds: () => boolean, turns = 1_000_000): boolean {
    for (let turn = 0; turn < turns; turn++) {
      if (holds()) return true;
      this.turn();
    }
    return holds();
  }

  runFor(turns: number): void {
    this.runUntil(() => false, turns);
  }

  /** Turns until every frame is accounted for and nothing is being swapped, or nothing moves any more. */
  finish(): void {
    let mark = '';
    let quiet = 0;
    while (quiet < QUIET_TURNS && !this.settled()) {
      this.runFor(TURNS_PER_LOOK);
      const now = this.progress();
      quiet = now === mark ? quiet + TURNS_PER_LOOK : 0;
      mark = now;
    }
  }

  /** Asks for a swap now. */
  ask(to: string, parameters: Parameters = {}, method: Method = 'inplace', slot = 0): void {
    this.cpu.desk.ask(slot, to, parameters, method);
  }

  /** Asks for a swap and turns until it has ended. */
  swap(to: string, parameters: Parameters = {}, method: Method = 'inplace', slot = 0): SwapRecord {
    const before = this.ended.length;
    this.ask(to, parameters, method, slot);
    this.runUntil(() => this.ended.length > before);
    const record = this.ended.at(before);
    if (record === undefined) throw new Error(`the swap to ${to} did not end`);
    return record;
  }

  /** All traffic to its end, then the end of service, then the books. */
  conclude(): Verdict {
    this.finish();
    return this.halt();
  }

  /** The end of service as things are now. */
  halt(): Verdict {
    this.hardware.endTraffic();
    this.cpu.desk.close();
    this.runUntil(() => !this.cpu.desk.busy);
    this.pointOdds = 0; // the CPU is busy with the halt alone
    return verdictOf(this, () => this.stepThrough(this.cpu.halt()));
  }

  /** Half a step of the hardware, devices and links in turn: the CPU may look after either. */
  stepHardware(): void {
    const { hardware, clock } = this;
    const { partners, nics, disks } = hardware;
    const half = this.linksNext ? [partners] : [nics, disks];
    this.linksNext = !this.linksNext;
    this.as('hardware', () => {
      for (const actors of half) for (const actor of actors) actor.step(clock.us, BUDGET);
    });
  }

  /** A CPU with nothing to do sleeps until an interrupt, a time in its timetable, or too long. */
  stepCpu(): void {
    const { cpu, clock } = this;
    if (cpu.port.bell.asleep()) {
      if (clock.us < this.sleepUntilUs) return;
      cpu.port.bell.announce(false);
      if (clock.us < cpu.desk.nextDueUs()) cpu.sleptThrough();
    }
    const frames = this.as('cpu', () => cpu.step());
    if (frames > 0 || !cpu.idle()) return;
    cpu.port.bell.announce(true);
    this.sleepUntilUs = Math.min(clock.us + LONGEST_SLEEP_US, cpu.desk.nextDueUs());
    if (cpu.port.anyPending()) cpu.port.bell.announce(false);
  }

  get asleep(): boolean {
    return this.cpu.port.bell.asleep();
  }

  /** A moment at which the other side may make a step: an access to registers or shared words. */
  point(): void {
    const { active } = this;
    if (this.pointOdds === 0 || active === undefined || this.random() % this.pointOdds !== 0) return;
    const odds = this.pointOdds;
    this.pointOdds = 0; // one level deep
    if (active === 'cpu') this.stepHardware();
    else this.stepCpu();
    this.active = active;
    this.pointOdds = odds;
  }

  /** Every register access of the CPU becomes a scheduling point. */
  pointsAtRegisters(odds: number): void {
    this.pointOdds = odds;
    for (const { environment } of this.cpu.slots) {
      const { port } = environment;
      const read = port.read32.bind(port);
      const write = port.write32.bind(port);
      port.read32 = (offset) => {
        this.point();
        return read(offset);
      };
      port.write32 = (offset, value) => {
        this.point();
        write(offset, value);
        this.point();
      };
    }
  }

  private as<T>(side: 'hardware' | 'cpu', act: () => T): T {
    this.active = side;
    try {
      return act();
    } finally {
      this.active = undefined;
    }
  }

  private stepThrough(slices: Generator<void>): void {
    for (const _ of slices) {
      this.stepHardware();
      this.clock.us += 10;
    }
  }

  private settled(): boolean {
    if (this.cpu.desk.busy) return false;
    if (!this.layout.disks.every((disk) => countDisk(this.memory, disk).done)) return false;
    const counts = this.layout.cards.map((card) => countCard(this.memory, card));
    return this.layout.cards.every(({ returns }, i) => {
      const { done, offered, delivered, dropped, returned } = counts[i];
      const gone = Object.values(dropped).reduce((sum, count) => sum + count, 0);
      if (!done || delivered.frames + gone < offered) return false;
      return returns === undefined || returned.frames >= counts[returns].delivered.frames;
    });
  }

  private progress(): string {
    const cards = this.layout.cards
      .map((card) => countCard(this.memory, card))
      .map(({ offered, delivered, returned }) => `${offered} ${delivered.frames} ${returned.frames}`);
    const disks = this.layout.disks.map((disk) => countDisk(this.memory, disk).completed);
    return [...cards, ...disks].join();
  }
}

/** Whole numbers from a seed, not negative. */
export function randomFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  return () => {
    state = nextRandom(state);
    return state >>> 1;
  };
}
