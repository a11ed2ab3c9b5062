/** A live cell's hardware thread: offers one load after another, each until all of it has left the card. */
import { parentPort, workerData } from 'node:worker_threads';
import { Hardware } from '../../src/exec/hardware.ts';
import { IdleWatch } from '../../src/exec/threads/idle.ts';
import { failure } from '../../src/exec/threads/messages.ts';
import { Control } from '../../src/host/control.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import { Bell } from '../../src/hw/bell.ts';
import { MonotonicClock } from '../../src/hw/clock.ts';
import { dueUs } from '../../src/hw/link/pacer.ts';
import type { LinkPartner } from '../../src/hw/link/partner.ts';
import { readTally } from '../../src/hw/link/verifier.ts';
import { Memory } from '../../src/hw/memory.ts';
import { CpuPort } from '../../src/hw/msix.ts';
import type { Lines } from '../pace.ts';
import {
  COUNTING,
  GOING,
  type HardwareTrial,
  LED,
  type LiveCommand,
  type LiveStart,
  linesOf,
  OFFERED,
  SERVED,
  TAKEN,
  type TrialLoad,
} from './messages.ts';
import { Stamps } from './stamps.ts';

/** A few frames: threads that were woken on one core are some milliseconds later on two. */
const LEAD: TrialLoad = { pace: { kind: 'rate', framesPerSecond: 20_000 }, durationUs: 15_000 };
/** After the last thing to do: time for drivers to be told, and to end what they hold back. */
const AFTERWARDS_US = 3000;
/** The same while frames are inside: a thread can lose its core for so long. */
const STRANDED_US = 60_000;
/** The CPU is about to say something: worth staying awake. */
const AT_ONCE = () => 0;
const NEVER = () => Number.POSITIVE_INFINITY;

function main(start: LiveStart): void {
  const memory = new Memory(start.buffer);
  const clock = new MonotonicClock(start.originUs);
  const control = new Control(memory, start.layout.control);
  const card = new LiveHardware(memory, start, clock);
  parentPort?.on('message', (command: LiveCommand) => {
    if (command.kind === 'trial') {
      parentPort?.postMessage({ kind: 'trial', trial: card.run(command.load) });
      return;
    }
    while (!control.hardwareStopped) card.hardware.step(clock.nowUs());
    const anomalies = card.hardware.verifiers.map((verifier) => verifier?.anomalies ?? []);
    parentPort?.postMessage({ kind: 'finished', result: { anomalies } });
  });
  parentPort?.postMessage({ kind: 'ready' });
  while (!control.going) card.hardware.step(clock.nowUs());
}

class LiveHardware {
  readonly hardware: Hardware;
  private readonly clock: MonotonicClock;
  private readonly idle: IdleWatch;
  private readonly ending: Int32Array;
  private readonly lines: Lines;
  private readonly cpu: Bell;
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly lostBefore: number[];
  private pace: TrialLoad['pace'] = { kind: 'max' };
  private startUs = 0;
  /** Frames that the timed card had been offered before this load. */
  private before = 0;
  private lateUs = 0;

  constructor(memory: Memory, { layout, stamps, ending }: LiveStart, clock: MonotonicClock) {
    this.memory = memory;
    this.layout = layout;
    this.lostBefore = layout.cards.map(() => 0);
    this.clock = clock;
    this.ending = new Int32Array(ending);
    this.lines = linesOf(ending);
    this.cpu = new CpuPort(memory, layout.cpus[0]).bell;
    this.idle = new IdleWatch(new Bell(memory, layout.hardwareBell), clock);
    // The last card's frames are timed: where there are several, it is the first one that is swapped.
    const { stream, index } = layout.cards[layout.cards.length - 1];
    const written = stream.kind === 'generated' ? new Stamps(memory, stamps, stream.flows) : undefined;
    this.hardware = new Hardware(memory, layout, clock, (card) =>
      card.index === index && written !== undefined
        ? {
            toCard: (address, _, nowUs) => written.write(address, this.dueUs(nowUs)),
            fromCard: () => undefined,
          }
        : undefined,
    );
  }

  /** Frames are late when the thread was: what counts is when they should have come. */
  private dueUs(nowUs: number): number {
    if (this.pace.kind === 'max') return nowUs;
    const index = this.timed.offeredFrames - this.before - 1;
    return this.startUs + dueUs(this.pace, index);
  }

  private get timed(): LinkPartner {
    return this.hardware.partners[this.hardware.partners.length - 1];
  }

  run({ pace, durationUs }: TrialLoad): HardwareTrial {
    const { hardware, clock, idle } = this;
    while (Atomics.load(this.ending, 0) !== GOING) hardware.step(clock.nowUs());
    const leadFrames = this.lead();
    idle.restart();
    this.offer({ pace, durationUs });
    const { lateUs } = this;
    const occupancy = idle.occupancy();
    const endUs = clock.nowUs();
    this.lines.write();
    Atomics.store(this.ending, 0, OFFERED);
    let quietUs = endUs;
    const dueUs = () => quietUs + (this.inside() > 0 ? STRANDED_US : AFTERWARDS_US);
    this.step((work) => {
      const now = clock.nowUs();
      if (work > 0) quietUs = now;
      return now >= dueUs();
    }, dueUs);
    Atomics.store(this.ending, 0, TAKEN);
    this.cpu.ring(clock.nowUs());
    this.step(() => Atomics.load(this.ending, 0) === SERVED, AT_ONCE);
    const losses = hardware.partners.map((partner) => partner.losses.splice(0));
    losses.forEach((list, i) => {
      this.lostBefore[i] += list.reduce((frames, loss) => frames + loss.frames, 0);
    });
    return { occupancy, losses, seconds: (endUs - this.startUs) / 1e6, leadFrames, lateUs };
  }

  /** Until its frames are with the applications, but for those that a reset threw away, and the CPU has forgotten them. */
  private lead(): number {
    const { clock } = this;
    const thrownAway = this.inside();
    const frames = this.offer(LEAD);
    const latestUs = clock.nowUs() + STRANDED_US;
    this.step(() => this.inside() <= thrownAway || clock.nowUs() >= latestUs, AT_ONCE);
    this.lines.write();
    Atomics.store(this.ending, 0, LED);
    this.cpu.ring(clock.nowUs());
    this.step(() => Atomics.load(this.ending, 0) === COUNTING, AT_ONCE);
    return frames;
  }

  /** Until all of the load has been offered. Returns frames, of all cards. */
  private offer({ pace, durationUs }: TrialLoad): number {
    const { partners } = this.hardware;
    const offered = () => partners.reduce((sum, { offeredFrames }) => sum + offeredFrames, 0);
    const before = offered();
    this.pace = pace;
    this.before = this.timed.offeredFrames;
    this.startUs = this.clock.nowUs();
    this.lateUs = 0;
    for (const partner of partners)
      partner.offerNext({ pace, durationUs, frames: Number.POSITIVE_INFINITY }, this.startUs);
    this.step(() => {
      const over = partners.every(({ finished }) => finished);
      if (!over) this.noteLateness();
      return over;
    });
    return offered() - before;
  }

  /** A thread that lost its core offers all that was due meanwhile at once, which no tester on a cable could. */
  private noteLateness(): void {
    if (this.pace.kind !== 'rate') return;
    const next = this.startUs + dueUs(this.pace, this.timed.offeredFrames - this.before);
    this.lateUs = Math.max(this.lateUs, this.clock.nowUs() - next);
  }

  /** Frames that were offered, not lost on the way, and have not come to an application yet; those thrown away stay. */
  private inside(): number {
    return this.hardware.partners.reduce((sum, partner, i) => {
      const lost = partner.losses.reduce((frames, loss) => frames + loss.frames, this.lostBefore[i]);
      const { frames } = readTally(this.memory, this.layout.cards[i].deliveryTally);
      return sum + partner.offeredFrames - lost - frames;
    }, 0);
  }

  /** `dueUs`: when something may be over that nobody rings the bell for. */
  private step(over: (work: number) => boolean, dueUs: () => number = NEVER): void {
    const { hardware, clock, idle } = this;
    const hasWork = () => hardware.hasWork(clock.nowUs());
    const nextUs = () => Math.min(dueUs(), hardware.nextTimerUs(clock.nowUs()));
    for (let work = 0; !over(work); ) {
      work = hardware.step(clock.nowUs());
      if (work > 0) idle.busy();
      else idle.pause(hasWork, nextUs);
    }
  }
}

try {
  main(workerData as LiveStart);
} catch (error) {
  parentPort?.postMessage(failure(error));
}
