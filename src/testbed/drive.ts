/** Drives a machine through a run: starts it, watches it, ends it when all is accounted for. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MachineResults, ThreadedMachine } from '../exec/threads/machine.ts';
import { type CardCounts, countCard, countDisk, type DiskCounts } from '../host/books.ts';

/** How a run goes, for those who watch it. Sums over all cards. */
export interface Progress {
  readonly elapsedMs: number;
  readonly offered: number;
  readonly delivered: number;
  /** Frames of the whole run, if that is known. */
  readonly total: number | undefined;
  readonly durationMs: number | undefined;
  /** Delivered frames over the last tenth of a second. */
  readonly mpps: number;
  readonly swaps: number;
  /** Frames dropped so far, by whom ever. */
  readonly lost: number;
}

/** One look at the counters while the run goes on. */
export interface Sample {
  readonly elapsedMs: number;
  readonly delivered: number;
  readonly swaps: number;
}

export interface DriveResults extends MachineResults {
  readonly counts: readonly CardCounts[];
  readonly samples: readonly Sample[];
  readonly interrupted: boolean;
}

const LOOK_MS = 5;
/** More than a plot can show; a run of hours keeps every second one, and again. */
const MOST_SAMPLES = 1 << 16;
const PROGRESS_MS = 100;
/** Looks without any progress, with both threads alive, after which what is missing counts as lost. */
const QUIET_LOOKS = 60;
/** The same while a link still has frames to offer and the card holds some that nobody takes: it is stuck. */
const STUCK_LOOKS = 600;

export interface DriveOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export async function drive(machine: ThreadedMachine, options: DriveOptions): Promise<DriveResults> {
  const watch = new Watch(machine);
  machine.go();
  let interrupted = false;
  let nextProgress = PROGRESS_MS;
  while (!watch.settled() && !machine.cpuEnded) {
    await Promise.race([sleep(LOOK_MS), machine.failed]);
    const abort = options.signal?.aborted === true;
    if ((abort && !interrupted) || watch.broken()) machine.endTraffic();
    interrupted ||= abort;
    watch.look();
    if (watch.elapsedMs < nextProgress) continue;
    nextProgress = watch.elapsedMs + PROGRESS_MS;
    options.onProgress?.(watch.progress());
  }
  const results = await machine.finish();
  return {
    ...results,
    counts: machine.layout.cards.map((card) => countCard(machine.memory, card)),
    samples: watch.samples,
    interrupted,
  };
}

class Watch {
  readonly samples: Sample[] = [];
  elapsedMs = 0;
  private readonly machine: ThreadedMachine;
  private readonly startedUs: number;
  private counts: readonly CardCounts[] = [];
  private disks: readonly DiskCounts[] = [];
  private mark = '';
  private cpuBeat = 0;
  private hardwareBeat = 0;
  private quiet = 0;
  private previous: Sample = { elapsedMs: 0, delivered: 0, swaps: 0 };

  constructor(machine: ThreadedMachine) {
    this.machine = machine;
    this.startedUs = machine.clock.nowUs();
    this.look();
  }

  look(): void {
    const { machine } = this;
    const { control } = machine;
    this.elapsedMs = (machine.clock.nowUs() - this.startedUs) / 1000;
    this.counts = machine.layout.cards.map((card) => countCard(machine.memory, card));
    this.disks = machine.layout.disks.map((disk) => countDisk(machine.memory, disk));
    this.samples.push({ elapsedMs: this.elapsedMs, delivered: this.delivered(), swaps: control.swapsDone });
    if (this.samples.length > MOST_SAMPLES) this.thin();
    const cards = this.counts.map(
      (c) => `${c.offered} ${c.delivered.frames} ${c.returned.frames} ${sum(c.dropped)}`,
    );
    // Another CPU is given as long as the one before.
    const mark = [...cards, ...this.disks.map(({ completed }) => `${completed}`), machine.passages].join();
    // Quiet looks count only while both threads show that they live: a thread that lost its core is not stuck.
    const alive = control.cpuBeat !== this.cpuBeat && control.hardwareBeat !== this.hardwareBeat;
    if (mark !== this.mark) this.quiet = 0;
    else if (alive) this.quiet++;
    if (mark !== this.mark || alive) {
      this.cpuBeat = control.cpuBeat;
      this.hardwareBeat = control.hardwareBeat;
    }
    this.mark = mark;
  }

  private thin(): void {
    const kept = this.samples.filter((_, i) => i % 2 === 0);
    this.samples.splice(0, this.samples.length, ...kept);
  }

  /** All links have ended, and all frames are accounted for or will not come any more; or nothing moves at all. */
  settled(): boolean {
    const waiting = this.counts.some((count) => inside(count) > 0) || this.disks.some(({ waits }) => waits);
    if (this.quiet >= STUCK_LOOKS && waiting) return true;
    if (!this.counts.every((count) => count.done) || !this.disks.every(({ done }) => done)) return false;
    return this.quiet >= QUIET_LOOKS || this.counts.every((count, i) => this.balanced(count, i));
  }

  /** A broken invariant that no later frame can mend. */
  broken(): boolean {
    const disk = this.disks.some(({ broken }) => broken > 0);
    return (
      disk ||
      this.counts.some(({ delivered, returned }) =>
        [delivered, returned].some(
          (tally) => tally.damaged > 0 || tally.duplicated > 0 || tally.reordered > 0,
        ),
      )
    );
  }

  progress(): Progress {
    const now = this.samples.at(-1) ?? this.previous;
    const { cards } = this.machine.layout;
    const frames = cards.reduce((total, card) => total + card.frames, 0);
    const durationUs = cards[0]?.durationUs ?? Number.POSITIVE_INFINITY;
    const mpps =
      (now.delivered - this.previous.delivered) / Math.max(1, now.elapsedMs - this.previous.elapsedMs) / 1000;
    this.previous = now;
    return {
      elapsedMs: now.elapsedMs,
      offered: this.counts.reduce((total, count) => total + count.offered, 0),
      delivered: now.delivered,
      total: Number.isFinite(frames) ? frames : undefined,
      durationMs: Number.isFinite(durationUs) ? durationUs / 1000 : undefined,
      mpps,
      swaps: now.swaps,
      lost: this.counts.reduce((total, count) => total + sum(count.dropped), 0),
    };
  }

  private balanced(count: CardCounts, index: number): boolean {
    if (inside(count) > 0) return false;
    const { returns } = this.machine.layout.cards[index];
    return returns === undefined || count.returned.frames >= this.counts[returns].delivered.frames;
  }

  private delivered(): number {
    return this.counts.reduce((total, count) => total + count.delivered.frames, 0);
  }
}

/** Frames between link and application. */
function inside({ offered, delivered, dropped }: CardCounts): number {
  return offered - delivered.frames - sum(dropped);
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
