/** A disk's place in a CPU: its slot, and who asks it for something. */
import { dropSparePairs } from '../drivers/nvme/bring-up.ts';
import type { DiskDriverDefinition, DiskEnvironment } from '../drivers/nvme/contract.ts';
import { RequestTable } from '../drivers/nvme/requests.ts';
import { DISK_STATE_BYTES, DiskState } from '../drivers/nvme/state.ts';
import { reshaped } from '../drivers/parameters.ts';
import { StateError } from '../drivers/state-block.ts';
import type { Clock } from '../hw/clock.ts';
import type { DmaAllocator } from '../hw/dma.ts';
import type { Memory } from '../hw/memory.ts';
import { NvmePort } from '../hw/nvme/port.ts';
import { Assignment } from '../swap/assignment.ts';
import { DISK_KIND, type DiskTypes } from '../swap/disk-kind.ts';
import { serveAll } from '../swap/disk-move.ts';
import { HELD_DISK } from '../swap/disk-stand-ins.ts';
import { Slot } from '../swap/slot.ts';
import { AdoptionError } from './adoption.ts';
import { lossesOf } from './books.ts';
import type { Adopts } from './card.ts';
import { type DiskClient, type PassingClient, passes } from './client.ts';
import { loseDisk, type ServedDisk, servedDisk, settleDisk, surveyDisk } from './disk-adoption.ts';
import { DiskService } from './disk-service.ts';
import { type DiskLayout, LINES_PER_DEVICE } from './machine.ts';
import { RemoteClient } from './remote/remote-client.ts';
import { forgetCommands, makeQueuesAnew } from './unfinished.ts';
import { Workload } from './workload/workload.ts';

/** What a disk has done by the time nobody asked for more, and when that was. */
export interface DiskServed {
  readonly startUs: number;
  readonly endUs: number;
  readonly completed: number;
  readonly bytes: number;
}

/** What the disks of a CPU share. */
export interface DiskParts {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly dma: DmaAllocator;
  readonly drivers: ReadonlyMap<string, DiskDriverDefinition>;
  /** Is told of a disk that is to be reset, and why. */
  readonly wasLost: (disk: DiskLayout, reason: string) => void;
}

export class Disk {
  readonly slot: Slot<DiskTypes>;
  readonly client: DiskClient;
  /** The same client, if it can pass to another CPU. */
  private readonly passing: PassingClient | undefined;
  /** Of its assignment, when this was made. */
  private readonly version: number;
  private readonly layout: DiskLayout;
  private readonly clock: Clock;
  private readonly service: DiskService;
  private readonly wasLost: (reason: string) => void;
  private startUs = Number.POSITIVE_INFINITY;
  private done: boolean;

  /** Throws what a driver or an allocation throws; AdoptionError when the disk is to be taken over and cannot be. */
  constructor(layout: DiskLayout, parts: DiskParts, adopts: Adopts | undefined) {
    const { memory, clock, dma, drivers } = parts;
    this.layout = layout;
    this.clock = clock;
    this.service = new DiskService(memory, layout.service);
    this.wasLost = (reason) => parts.wasLost(layout, reason);
    this.done = this.service.done;
    const assignment = new Assignment(memory.words, layout.assignment.address >>> 2, drivers);
    this.version = assignment.version; // before anything is made by it: a swap may come in between
    const { definition, parameters, state } =
      adopts === undefined ? firstServed(layout, parts, assignment) : servedDisk(layout, parts, assignment);
    const requests = new RequestTable(memory, layout.requests);
    this.client = clientOf(memory, layout, requests);
    this.passing = passes(this.client) ? this.client : undefined;
    if (adopts !== undefined && this.passing === undefined)
      throw new AdoptionError(
        layout.name,
        'another thread asks for its blocks, and goes on with one CPU alone',
      );
    const port = new NvmePort(memory, layout.nvme, clock);
    const environment: DiskEnvironment = {
      port,
      memory,
      dma,
      state,
      requests,
      clock,
      queues: layout.queues,
      complete: (queue, batch, count) => this.complete(queue, batch, count),
    };
    // One that takes over at once does not know yet what of the memory is free.
    const driver = adopts === 'atOnce' ? HELD_DISK : definition.create(environment, parameters);
    this.slot = new Slot<DiskTypes>(
      layout.index,
      DISK_KIND,
      environment,
      definition,
      parameters,
      driver,
      assignment,
      lossesOf(memory, layout),
    );
  }

  /** The CPU before this one is no more: what was in doubt when it ended is decided, in slices. Throws AdoptionError. */
  *settle(): Generator<void> {
    const { slot, passing } = this;
    if (passing === undefined) return;
    if (slot.losses.standing === 'whole') {
      const doubt = yield* this.settleCommands(passing);
      if (doubt === undefined) return;
      loseDisk(slot, doubt);
      this.wasLost(doubt);
    }
    yield* forgetCommands(slot, passing);
  }

  /** Returns why its state block is not to be believed, if so. */
  private *settleCommands(client: PassingClient): Generator<void, string | undefined> {
    const { slot } = this;
    try {
      serveAll(slot.environment);
      surveyDisk(slot);
      yield* dropSparePairs(slot.environment);
      yield;
      settleDisk(slot, client);
      return undefined;
    } catch (error) {
      if (error instanceof StateError) return error.message;
      throw error;
    }
  }

  /** When it is known what of the memory is free. A swap that ended with its CPU may have told the disk what another driver wants. */
  *makeDriver(): Generator<void> {
    const { slot } = this;
    if (slot.losses.standing !== 'whole') yield* makeQueuesAnew(slot);
    slot.driver = slot.definition.create(slot.environment, slot.parameters);
    yield* slot.driver.configure();
  }

  /** The driver has said which requests it has. */
  settled(): void {
    this.passing?.settle(this.clock.nowUs());
  }

  /** Nothing more is asked for but what was written, once more. */
  get rechecks(): boolean {
    return this.service.totals !== undefined;
  }

  /** Is it still served as it was when this was made? */
  get fits(): boolean {
    return this.slot.assignment.version === this.version;
  }

  /** Its interrupts come to this CPU. */
  aim(cpu: number): void {
    const { port } = this.slot.environment;
    for (let vector = 0; vector < LINES_PER_DEVICE; vector++)
      port.connectVector(vector, cpu, this.layout.index * LINES_PER_DEVICE + vector);
  }

  /** What has changed since this was made, because another CPU served. */
  reread(): void {
    this.done = this.service.done;
    this.passing?.reread();
  }

  /** The first request is due now. */
  start(nowUs: number): void {
    this.startUs = nowUs;
  }

  /** No more requests, but for the reading of all that was written. Whoever ends in the middle of it has not begun. */
  end(): void {
    if (this.rechecks) return;
    this.client.end();
    this.client.recheck?.();
    this.service.end(this.totalsAt(this.clock.nowUs()));
  }

  /** Requests for the driver, as many as it takes. Returns how many. */
  step(): number {
    if (this.done || this.startUs === Number.POSITIVE_INFINITY) return 0;
    const { client } = this;
    if (client.finished) {
      if (this.rechecks) this.finish();
      else this.end();
      return 0;
    }
    if (!client.offers) return 0;
    const nowUs = this.clock.nowUs();
    if (nowUs >= this.startUs + this.layout.durationUs) this.end();
    return client.step(this.slot.driver, nowUs);
  }

  /** May the CPU sleep until an interrupt? Not while there are requests that the driver would take. */
  idle(): boolean {
    const waits = this.startUs !== Number.POSITIVE_INFINITY && !this.done;
    return !waits || !this.client.offers || this.slot.driver.room(0) === 0;
  }

  conclude(): DiskServed {
    return { startUs: this.startUs, ...(this.service.totals ?? this.totalsAt(this.clock.nowUs())) };
  }

  private complete(queue: number, batch: Int32Array, count: number): void {
    this.slot.deliveries++;
    this.client.completed(queue, batch, count, this.clock.nowUs());
  }

  private finish(): void {
    this.done = true;
    this.service.finish();
  }

  private totalsAt(endUs: number): Omit<DiskServed, 'startUs'> {
    const { books } = this.client;
    const bytes = books.read('bytesRead') + books.read('bytesWritten');
    return { endUs, completed: books.read('completed'), bytes };
  }
}

function firstServed(
  layout: DiskLayout,
  { memory, clock, dma, drivers }: DiskParts,
  assignment: Assignment<DiskDriverDefinition>,
): ServedDisk {
  const definition = drivers.get(layout.driver);
  if (definition === undefined) throw new Error(`${layout.name}: there is no driver ${layout.driver}`);
  const parameters = reshaped(layout.driver, definition.parameters, layout.parameters);
  assignment.prepare(definition, parameters);
  assignment.point();
  new NvmePort(memory, layout.nvme, clock).map(layout.data);
  const region = dma.allocate(DISK_STATE_BYTES, `the state block of ${layout.name}`);
  return { definition, parameters, state: new DiskState(memory, region) };
}

function clientOf(memory: Memory, { client, data }: DiskLayout, requests: RequestTable): DiskClient {
  return client.kind === 'workload'
    ? new Workload(memory, client.regions, requests, data, client.options)
    : new RemoteClient(memory, client.regions, requests);
}
