/** One scenario from its first step to its books: actors, virtual time, checkers. */
import { buffersAway } from '../../check/buffers.ts';
import { CHECKERS, type Checker } from '../../check/checker.ts';
import type { Violation } from '../../check/ledger.ts';
import type { Adopts } from '../../host/card.ts';
import { Cpu } from '../../host/cpu.ts';
import type { MachineLayout } from '../../host/machine.ts';
import type { Memory } from '../../hw/memory.ts';
import type { Exchange } from '../../swap/exchange.ts';
import type { Phase } from '../../swap/plan.ts';
import type { Patience } from '../../swap/probation.ts';
import type { SwapRecord } from '../../swap/record.ts';
import { reasonOf } from '../../swap/slices.ts';
import { Hardware } from '../hardware.ts';
import { HardwareActors, NOBODY } from './actors.ts';
import { allAccounted, balanceAll, checkedMachine, leftBehind } from './books.ts';
import { nothingCovered, SwapMarks } from './coverage.ts';
import { CpuEnd } from './cpu-end.ts';
import { Endless, endless, guardAgainstEndless, stepThrough } from './endless.ts';
import { SlowFabric } from './fabric.ts';
import { drawHotWords } from './hot-words.ts';
import { Lots } from './lots.ts';
import { layoutScenario } from './memory.ts';
import { Mischief } from './mischief.ts';
import { POINTS } from './points.ts';
import { Power } from './power.ts';
import { MOST_TURNS, Progress } from './progress.ts';
import type { SimParts, SimResult } from './run.ts';
import type { SimScenario } from './scenario.ts';
import { watchSituations } from './situations.ts';
import { Succession } from './succession.ts';
import { SimSwaps } from './swaps.ts';
import { type Trace, traceCpu, traceHardware } from './trace.ts';
import { unwatch, WATCH } from './watched-driver.ts';

const IDLE = 0;
const CPU = 1;
const HARDWARE = 2;
const CPUS_TURN = -2;

/** On virtual time a driver on probation need not be waited for long. */
const PATIENCE: Patience = { stuckPolls: 1500, idlePolls: 30 };
/** A sleep that nobody ends lasts so long, as on threads. */
const LONGEST_SLEEP_US = 20_000;
/** A step in which the other side has got in between so often does not end: whoever waits for a word to change. */
const MOST_STRIKES = 3000;
/** What the CPU does in the middle of a device's step: mostly one step of its own, sometimes it goes through to sleep. */
const NESTED_STEPS = [1, 1, 1, 1, 1, 1, 2, 4] as const;
const TURNS_PER_LOOK = 8;
/** Between two looks at situations worth counting. */
const TURNS_PER_GLANCE = 16;

export class SimMachine {
  readonly scenario: SimScenario;
  readonly memory: Memory;
  readonly layout: MachineLayout;
  readonly clock = { us: 0, nowUs: (): number => this.clock.us };
  readonly hardware: Hardware;
  /** Another one when the power has failed, or this one has crashed. */
  cpu: Cpu;
  readonly fabric: SlowFabric;
  readonly lots: Lots;
  readonly covered = nothingCovered();
  readonly marks: readonly SwapMarks[];
  readonly mischief: Mischief;
  readonly power: Power;
  readonly cpuEnd: CpuEnd;
  private readonly succession: Succession;
  private readonly parts: SimParts;
  readonly swaps: SimSwaps;
  private readonly actors: HardwareActors;
  progress = new Progress();
  private readonly trace: Trace | undefined;
  private checkers: readonly Checker[] = [];
  private active = IDLE;
  private violation: Violation | undefined;
  private during: SimResult['during'];
  private sleepUntilUs = 0;
  /** In this step of the actor whose turn it is. */
  private strikes = 0;
  private crashed = false;
  private readonly onStrike = (): void => this.strike();

  constructor(scenario: SimScenario, parts: SimParts, trace?: Trace) {
    this.scenario = scenario;
    this.parts = parts;
    this.trace = trace;
    this.lots = new Lots(scenario.seed, 2);
    const { memory, layout } = layoutScenario(scenario, parts);
    this.memory = memory;
    this.layout = layout;
    this.fabric = new SlowFabric(memory, layout.cpus, this.clock, this.lots, scenario.rates.delayedInterrupt);
    this.hardware = new Hardware(memory, layout, this.clock, () => undefined, this.fabric);
    this.cpu = this.makeCpu();
    this.marks = this.cpu.devices.map(() => new SwapMarks());
    this.succession = new Succession(this);
    this.cpuEnd = new CpuEnd(memory, scenario.crashAt ?? []);
    this.mischief = new Mischief(this);
    this.power = new Power(this);
    this.swaps = new SimSwaps(this);
    this.actors = new HardwareActors(this);
    if (trace !== undefined) traceHardware(this, trace);
    this.attend();
  }

  /** Runs to the end, or to the first violation. */
  run(): SimResult {
    WATCH.current = this.mischief;
    try {
      this.work();
    } catch (error) {
      this.fail({ invariant: 'driver', device: this.first, message: reasonOf(error) });
    } finally {
      POINTS.disarm();
      POINTS.heat([]);
      unwatch();
    }
    const { covered, records, violation, during } = this;
    return {
      violation,
      during,
      records,
      frames: this.cpu.checks.reduce((sum, { verifier }) => sum + verifier.seen, 0),
      requests: this.cpu.disks.reduce((sum, { client }) => sum + client.books.read('completed'), 0),
      covered,
      timeUs: this.clock.us,
    };
  }

  /** Of swaps that have ended, on all CPUs that there were. */
  get records(): SwapRecord[] {
    return [...this.succession.records, ...this.cpu.desk.records];
  }

  /** The phase that a device's swap is in, if it is being swapped. */
  phaseOf(device: number): Phase | undefined {
    return this.exchangeOf(device)?.record.phase;
  }

  exchangeOf(device: number): Exchange | undefined {
    return this.swaps.underWay(device);
  }

  /** A step of one of the devices, their links, or what carries interrupts. */
  stepHardware(actor = this.actors.draw()): void {
    const before = this.active;
    this.active = HARDWARE;
    this.mischief.restore();
    if (this.actors.step(actor) > 0) this.progress.worked();
    this.active = before;
  }

  note(text: string): void {
    this.trace?.line(this.clock.us, text);
  }

  private work(): void {
    stepThrough(this.cpu.boot(), this.hardware, this.clock);
    this.hardware.start(this.clock.us);
    this.cpu.start(this.clock.us);
    POINTS.heat(drawHotWords(this));
    while (!this.over() && !this.settled()) this.turn();
    if (this.violation === undefined) this.closeBooks();
  }

  /** Whose turn it is, and how far the clock goes on, are drawn from the seed. */
  private turn(): void {
    this.progress.turns++;
    if (!this.cpuEnd.due) this.succession.look(); // in which it may end
    if (this.cpuEnd.due) return this.succession.follow();
    const wanted = this.lots.below(8) < this.scenario.cpuTurns && !this.cpuWaits();
    const actor = wanted ? CPUS_TURN : this.actors.draw();
    if (actor === CPUS_TURN || (actor === NOBODY && this.lots.below(4) > 0)) this.stepCpu();
    else this.hardwareTurn(actor);
    this.clock.us += this.lots.below(8) / 8;
    if (this.progress.endTurn()) this.leap();
  }

  /** Where the CPU crashes at a strike of its own by number, all of its steps are to have strikes: none goes on within another's. */
  private hardwareTurn(actor: number): void {
    if (this.scenario.crashAt === undefined) this.arm();
    this.stepHardware(actor);
    POINTS.disarm();
  }

  /** Scheduling points on, for a step. */
  private arm(): void {
    this.strikes = 0;
    POINTS.arm(this.distance(), this.onStrike);
  }

  /** A CPU that found nothing, with nothing new since, mostly leaves its turn to the hardware. */
  private cpuWaits(): boolean {
    return this.progress.nothingNew && !this.cpu.desk.busy && this.lots.below(4) > 0;
  }

  /** Nothing is to be done now: on to the time when something is. */
  private leap(): void {
    const { hardware, clock, cpu, mischief, fabric } = this;
    if (hardware.hasWork(clock.us)) return;
    const asleep = cpu.port.bell.asleep() ? this.sleepUntilUs : Number.POSITIVE_INFINITY;
    const timer = Math.min(
      hardware.nextTimerUs(clock.us),
      cpu.desk.nextDueUs(),
      mischief.nextTimerUs(),
      fabric.nextTimerUs(),
    );
    const next = Math.min(timer, asleep);
    if (next < timer || timer === Number.POSITIVE_INFINITY) this.progress.leaptInVain();
    if (next > clock.us && next < Number.POSITIVE_INFINITY) clock.us = Math.ceil(next * 8) / 8;
  }

  /** Asked for only while no step of the CPU is under way. */
  private stepCpu(): void {
    const { cpu, clock } = this;
    if (this.over()) return;
    if (cpu.port.bell.asleep() && !this.wakes()) return;
    this.swaps.request();
    const { writes } = POINTS;
    const frames = this.inCpu(() => this.cpuStep());
    if (this.cpuEnd.down) return this.cpuEnd.settle();
    if (frames > 0) this.progress.worked();
    else this.progress.cpuFoundNothing();
    if (POINTS.writes !== writes || cpu.violations.length > 0) this.look();
    if (this.over() || frames > 0 || !cpu.idle()) return;
    cpu.port.bell.announce(true);
    this.sleepUntilUs = Math.min(clock.us + LONGEST_SLEEP_US, cpu.desk.nextDueUs());
    if (cpu.port.anyPending()) cpu.port.bell.announce(false);
  }

  /** Work of the CPU's, with strikes in it unless it comes in the middle of a device's step. */
  inCpu<T>(work: () => T): T {
    const { active } = this;
    this.active = CPU;
    if (active === IDLE) this.arm();
    const result = work();
    if (active === IDLE) POINTS.disarm();
    this.active = active;
    return result;
  }

  /** A sleeper that nobody has woken: does its time-out? */
  private wakes(): boolean {
    if (this.clock.us < this.sleepUntilUs && !this.swaps.due()) return false;
    this.cpu.port.bell.announce(false);
    if (this.clock.us < this.cpu.desk.nextDueUs() && !this.swaps.due()) this.cpu.sleptThrough();
    return true;
  }

  private cpuStep(): number {
    try {
      return this.cpu.step();
    } catch (error) {
      if (error instanceof Endless) throw error;
      if (this.cpuEnd.down) return 0;
      this.crashed = true; // what it was is among the CPU's violations, unless the swap itself failed
      if (this.cpu.violations.length === 0)
        this.fail({ invariant: 'driver', device: this.first, message: reasonOf(error) });
      return 0;
    }
  }

  private distance(): number {
    return 1 + this.lots.below(2 * this.scenario.strikeEvery);
  }

  /** Between two accesses of one actor, the other makes a step; or a fault comes. */
  private strike(): void {
    const { active } = this;
    if (active === IDLE) return;
    if (this.cpuEnd.down) return this.cpuEnd.strike();
    if (++this.strikes > MOST_STRIKES) endless();
    guardAgainstEndless();
    try {
      this.mischief.strike(active === CPU);
      if (active === CPU) for (let steps = this.lots.below(3); steps >= 0; steps--) this.stepHardware();
      else for (let steps = this.lots.pick(NESTED_STEPS); steps > 0; steps--) this.stepCpu();
    } finally {
      this.active = active;
      POINTS.arm(this.distance(), this.onStrike);
      this.mischief.rearm();
    }
    if (active === CPU) this.cpuEnd.strike();
  }

  makeCpu(number = 0, adopts?: Adopts): Cpu {
    const { drivers, diskDrivers, applications, patience = PATIENCE } = this.parts;
    return new Cpu(this.memory, this.layout, this.clock, {
      timed: [],
      round: undefined,
      drivers,
      diskDrivers,
      applications,
      patience,
      number,
      ...(adopts === undefined ? {} : { adopts }),
      swapEnded: (record) => this.swapEnded(record),
    });
  }

  /** Whoever looks on at the CPU, or gets in its way. */
  attend(): void {
    const shown = checkedMachine(this);
    this.checkers = [...CHECKERS, ...this.parts.checkers].map((definition) => definition.create(shown));
    this.mischief.guardAllocation();
    for (const disk of this.cpu.disks) this.power.guard(disk);
    if (this.trace !== undefined) traceCpu(this, this.trace);
  }

  private swapEnded(record: SwapRecord): void {
    if (this.cpuEnd.down) return;
    const broken = this.swaps.ended(record);
    if (broken !== undefined) this.fail(broken);
    this.progress.worked();
  }

  /** Named where no device in particular is meant. */
  private get first(): string {
    return this.cpu.devices[0].name;
  }

  /** The checkers, between two steps of the CPU. */
  private look(): void {
    if (this.violation !== undefined) return;
    for (const checker of this.checkers) {
      const seen = checker.look();
      if (seen !== undefined) return this.fail(seen);
    }
    if (this.progress.turns % TURNS_PER_GLANCE === 0) watchSituations(this);
  }

  fail(violation: Violation): void {
    if (this.violation !== undefined) return;
    this.violation = violation;
    const { devices } = this.cpu;
    const device = devices.findIndex(({ name }) => name === violation.device);
    const swaps = devices.map(({ index }) => this.exchangeOf(index)?.record);
    // A buffer without an owner may have been any card's.
    const any = violation.invariant === 'buffers' ? swaps.find((swap) => swap !== undefined) : undefined;
    const record = swaps[device] ?? any;
    if (record !== undefined) this.during = { swap: record.id, phase: record.phase };
    this.note(`VIOLATION of ${violation.invariant} at ${violation.device}: ${violation.message}`);
  }

  private over(): boolean {
    return this.violation !== undefined || this.crashed;
  }

  /** All is accounted for; or nothing moves any more, and the books will say what is missing. */
  private settled(): boolean {
    const { progress } = this;
    if (this.cpuEnd.down) return false; // another one comes, and may have something to do
    if (progress.exhausted && !this.cpu.desk.busy) return true;
    if (progress.stuck) {
      for (const violation of this.swaps.unending()) this.fail(violation);
      return true;
    }
    return progress.turns % TURNS_PER_LOOK === 0 && progress.idle && this.allAccounted();
  }

  private allAccounted(): boolean {
    if (this.cpu.desk.busy || !this.swaps.allRequested) return false;
    return this.hardware.partners.every(({ finished }) => finished) && allAccounted(this);
  }

  /** The end of service, and what the ledger says of it. */
  private closeBooks(): void {
    const { cpu, hardware } = this;
    this.mischief.calm();
    this.cpuEnd.calm();
    hardware.endTraffic();
    cpu.desk.close();
    for (let turns = 0; cpu.desk.busy && turns < MOST_TURNS && !this.over(); turns++) this.turn();
    if (this.over()) return this.look();
    this.active = IDLE;
    cpu.collect();
    watchSituations(this, true);
    for (const violation of balanceAll(this)) this.fail(violation);
    if (this.violation !== undefined) return;
    stepThrough(cpu.halt(), hardware, this.clock);
    const away = buffersAway(cpu.pool);
    const message = `${away} buffers are not home at the end`;
    if (away !== 0) this.fail({ invariant: 'buffers', device: this.first, message });
    for (const violation of leftBehind(this)) this.fail(violation);
    if (this.violation === undefined && this.layout.cards.length === 0) this.readAnew();
  }

  /** Whatever comes after the end, what was written is on the disks: the power fails, and all is read once more. */
  private readAnew(): void {
    this.power.trust();
    this.progress = new Progress();
    this.succession.restart();
    while (!this.over() && !this.settled()) this.turn();
    for (const violation of balanceAll(this)) this.fail(violation);
  }
}
