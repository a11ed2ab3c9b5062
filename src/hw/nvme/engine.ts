import type { AdminCommands } from './admin.ts';
import { LATER, MOST_OUTSTANDING, PARKED } from './commands.ts';
import type { Completer } from './completer.ts';
import {
  ARBITRATION_BURST_MASK,
  CDW0_FUSE_MASK,
  CDW0_PSDT_MASK,
  cqHead,
  QUEUES,
  SQE,
  SQE_BYTES,
  STATUS,
  sqTail,
  UNRUNG,
} from './datasheet.ts';
import type { Features } from './features.ts';
import type { IoCommands } from './io.ts';
import type { DiskParts } from './parts.ts';
import { checkAbsent } from './queues.ts';
import type { MediaClock } from './timing.ts';

/** A busy controller looks this often at the doorbells of queues that do not exist: each so many steps. */
const ABSENT_STEPS = 256;

/** The way of a command: fetched from its queue, executed when it is due, completed. */
export class CommandEngine {
  private readonly parts: DiskParts;
  private readonly completer: Completer;
  private readonly admin: AdminCommands;
  private readonly io: IoCommands;
  private readonly features: Features;
  private readonly mediaClock: MediaClock | undefined;
  /** Commands fetched from I/O queues, since they were last counted. */
  private fetched = 0;
  /** The queue whose turn it is. */
  private turn = 0;
  private steps = 0;
  private steppedUs = 0;

  constructor(
    parts: DiskParts,
    completer: Completer,
    admin: AdminCommands,
    io: IoCommands,
    features: Features,
    mediaClock: MediaClock | undefined,
  ) {
    this.parts = parts;
    this.completer = completer;
    this.admin = admin;
    this.io = io;
    this.features = features;
    this.mediaClock = mediaClock;
  }

  /** At most `budget` commands fetched, and as many completed of those that were waiting. Returns the work done. */
  step(nowUs: number, budget: number): number {
    this.steppedUs = nowUs;
    this.lookAtHeads();
    let work = this.finish(nowUs, budget) + this.fetch(nowUs, budget);
    if (work === 0 || ++this.steps % ABSENT_STEPS === 0) work += this.lookAtTails();
    if (this.parts.events.ready) work += this.tellEvent();
    this.count();
    return work;
  }

  /** Anything that a step could do at once? */
  hasWork(nowUs: number): boolean {
    const { submission, completion, events } = this.parts;
    if (events.ready) return true;
    for (let queue = 0; queue < QUEUES; queue++) {
      if (this.isRung(queue)) return true;
      if (submission.exists[queue] !== 0 && submission.holds(queue) && this.mayFetch(queue)) return true;
    }
    const { schedule } = this.completer;
    for (let place = 0; place < schedule.count; place++) {
      const slot = schedule.dueAt(place, nowUs);
      if (slot < 0) return false;
      const target = submission.completion[this.parts.commands.queue[slot]];
      if (!this.parts.commands.isDone(slot) || !completion.isFull(target)) return true;
    }
    return false;
  }

  /** When the next command is due, or infinity. */
  nextTimerUs(): number {
    return this.completer.schedule.nextUs(this.steppedUs);
  }

  /** All commands and queues vanish; doorbells are as if never rung. */
  reset(nowUs: number): void {
    const { parts } = this;
    const { commands, submission, completion } = parts;
    let lost = 0;
    for (let queue = 1; queue < QUEUES; queue++) lost += commands.outstanding[queue];
    if (lost > 0) parts.probes.count('lostCommands', lost);
    commands.reset();
    this.completer.reset();
    parts.events.reset();
    for (let queue = 0; queue < QUEUES; queue++) {
      submission.close(queue);
      completion.close(queue);
    }
    this.turn = 0;
    this.mediaClock?.reset(nowUs);
  }

  private fetch(nowUs: number, budget: number): number {
    const { submission } = this.parts;
    const exponent = this.features.arbitration & ARBITRATION_BURST_MASK;
    const burst = exponent === ARBITRATION_BURST_MASK ? budget : 1 << exponent;
    let fetched = 0;
    for (let idle = 0; fetched < budget && idle < submission.end; ) {
      const queue = this.turn;
      this.turn = queue + 1 >= submission.end ? 0 : queue + 1;
      const taken =
        submission.exists[queue] === 0 ? 0 : this.serve(queue, Math.min(burst, budget - fetched), nowUs);
      idle = taken === 0 ? idle + 1 : 0;
      fetched += taken;
    }
    return fetched;
  }

  private serve(queue: number, most: number, nowUs: number): number {
    const { submission } = this.parts;
    let taken = 0;
    while (taken < most && this.mayFetch(queue) && submission.offers(queue)) {
      this.take(queue, nowUs);
      taken++;
    }
    return taken;
  }

  private mayFetch(queue: number): boolean {
    const { commands, submission, completion } = this.parts;
    return (
      !this.completer.failed &&
      commands.outstanding[queue] < MOST_OUTSTANDING &&
      !completion.isFull(submission.completion[queue])
    );
  }

  /** Fetches one command, and goes on with it as far as it goes. */
  private take(queue: number, nowUs: number): void {
    const { parts } = this;
    const { submission, commands } = parts;
    const entry = submission.entry(queue);
    if (!parts.iommu.allows(parts.device, entry << 2, SQE_BYTES)) {
      this.completer.fail();
      return;
    }
    const slot = commands.take(queue, parts.memory.words, entry);
    submission.advance(queue);
    if (queue !== 0) this.fetched++;
    else this.screen(slot);
    const dueUs = queue !== 0 && this.mediaClock !== undefined ? this.dueUs(slot, nowUs) : nowUs;
    if (dueUs > nowUs || !this.advance(slot)) this.completer.schedule.insert(slot, dueUs);
  }

  private screen(slot: number): void {
    const status = this.admin.accepts(slot);
    if (status !== STATUS.success) this.parts.commands.finish(slot, status);
  }

  private dueUs(slot: number, nowUs: number): number {
    const { mediaClock, io } = this;
    return mediaClock === undefined ? nowUs : mediaClock.doneUs(io.opOf(slot), io.bytesOf(slot), nowUs);
  }

  /** Goes on with what is due. */
  private finish(nowUs: number, budget: number): number {
    const { schedule } = this.completer;
    let finished = 0;
    schedule.rewind();
    while (finished < budget && !this.completer.failed) {
      const slot = schedule.next(nowUs);
      if (slot < 0) break;
      if (!this.advance(slot)) continue;
      schedule.remove(slot);
      finished++;
    }
    return finished;
  }

  /** Executes a command that is due and posts its completion. False: it stays, for a later step. */
  private advance(slot: number): boolean {
    const { commands, hooks } = this.parts;
    if (!commands.isDone(slot)) {
      const queue = commands.queue[slot];
      if (hooks.holdsBack(queue)) return false;
      const status = this.execute(slot, queue);
      if (status === LATER) return false;
      if (status === PARKED) return true;
      commands.finish(slot, status);
    }
    return this.completer.post(slot);
  }

  private execute(slot: number, queue: number): number {
    const { commands } = this.parts;
    const cdw0 = commands.words[commands.at(slot) + SQE.cdw0];
    if ((cdw0 & (CDW0_FUSE_MASK | CDW0_PSDT_MASK)) !== 0) return STATUS.invalidField;
    return queue === 0 ? this.admin.execute(slot) : this.io.execute(slot);
  }

  private lookAtHeads(): void {
    const { completion } = this.parts;
    for (let queue = 0; queue < completion.end; queue++)
      if (completion.exists[queue] !== 0) completion.look(queue);
  }

  /** Tails of queues that are not fetched from now, and doorbells of queues that do not exist. Returns the events. */
  private lookAtTails(): number {
    const { registers, events, submission, completion } = this.parts;
    let written = 0;
    for (let queue = 0; queue < QUEUES; queue++) {
      if (submission.exists[queue] !== 0) submission.look(queue);
      written += checkAbsent(registers, events, submission, completion, queue);
    }
    return written;
  }

  private isRung(queue: number): boolean {
    const { registers, submission, completion } = this.parts;
    const tail =
      submission.exists[queue] !== 0 ? submission.isRung(queue) : isWritten(registers.get(sqTail(queue)));
    const head =
      completion.exists[queue] !== 0 ? completion.isRung(queue) : isWritten(registers.get(cqHead(queue)));
    return tail || head;
  }

  /** An outstanding request goes out with the event. */
  private tellEvent(): number {
    const { events, commands } = this.parts;
    const told = events.take();
    if (told === undefined) return 0;
    commands.result[told.slot] = told.result;
    this.completer.end(told.slot, STATUS.success);
    return 1;
  }

  /** Once a step: what was fetched first, so no completion is counted without its command. */
  private count(): void {
    const { probes, cache } = this.parts;
    const { completer } = this;
    if (this.fetched > 0) probes.count('commands', this.fetched);
    if (completer.posted > 0) probes.count('completions', completer.posted);
    if (cache.blocksRead > 0) probes.count('blocksRead', cache.blocksRead);
    if (cache.blocksWritten > 0) probes.count('blocksWritten', cache.blocksWritten);
    if (cache.flushes > 0) probes.count('flushes', cache.flushes);
    this.fetched = completer.posted = cache.blocksRead = cache.blocksWritten = cache.flushes = 0;
  }
}

function isWritten(doorbell: number): boolean {
  return doorbell !== UNRUNG;
}
