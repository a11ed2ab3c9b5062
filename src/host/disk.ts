/** A disk's place in a CPU: its slot, and who asks it for something. */
import type { DiskDriver, DiskDriverDefinition, DiskEnvironment } from '../drivers/nvme/contract.ts';
import { RequestTable } from '../drivers/nvme/requests.ts';
import { DISK_STATE_BYTES, DiskState } from '../drivers/nvme/state.ts';
import { reshaped } from '../drivers/parameters.ts';
import type { Clock } from '../hw/clock.ts';
import type { DmaAllocator } from '../hw/dma.ts';
import type { Memory } from '../hw/memory.ts';
import { NvmePort } from '../hw/nvme/port.ts';
import { store } from '../hw/shared.ts';
import { DISK_KIND, type DiskTypes } from '../swap/disk-kind.ts';
import { Slot } from '../swap/slot.ts';
import type { DiskClient } from './client.ts';
import { type DiskLayout, LINES_PER_DEVICE } from './machine.ts';
import { RemoteClient } from './remote/remote-client.ts';
import { Workload } from './workload/workload.ts';

/** What a disk has done by the time nobody asked for more, and when that was. */
export interface DiskServed {
  readonly startUs: number;
  readonly endUs: number;
  readonly completed: number;
  readonly bytes: number;
}

export class Disk {
  readonly slot: Slot<DiskTypes>;
  readonly client: DiskClient;
  private readonly memory: Memory;
  private readonly layout: DiskLayout;
  private readonly clock: Clock;
  private readonly doneWord: number;
  private startUs = Number.POSITIVE_INFINITY;
  private served: DiskServed | undefined;
  private done = false;

  constructor(
    memory: Memory,
    layout: DiskLayout,
    definition: DiskDriverDefinition,
    dma: DmaAllocator,
    clock: Clock,
    cpu: number,
  ) {
    this.memory = memory;
    this.layout = layout;
    this.clock = clock;
    this.doneWord = layout.done.address >>> 2;
    const requests = new RequestTable(memory, layout.requests);
    this.client = clientOf(memory, layout, requests);
    const port = new NvmePort(memory, layout.nvme, clock);
    const state = dma.allocate(DISK_STATE_BYTES, `the state block of ${layout.name}`);
    const environment: DiskEnvironment = {
      port,
      memory,
      dma,
      state: new DiskState(memory, state),
      requests,
      clock,
      queues: layout.queues,
      complete: (queue, batch, count) => this.complete(queue, batch, count),
    };
    port.map(layout.data);
    for (let vector = 0; vector < LINES_PER_DEVICE; vector++)
      port.connectVector(vector, cpu, layout.index * LINES_PER_DEVICE + vector);
    const parameters = reshaped(layout.driver, definition.parameters, layout.parameters);
    const driver: DiskDriver = definition.create(environment, parameters);
    this.slot = new Slot<DiskTypes>(layout.index, DISK_KIND, environment, definition, parameters, driver);
  }

  /** Nothing more is asked for but what was written, once more. */
  get rechecks(): boolean {
    return this.served !== undefined;
  }

  /** The first request is due now. */
  start(nowUs: number): void {
    this.startUs = nowUs;
  }

  /** No more requests, but for the reading of all that was written. */
  end(): void {
    if (this.served !== undefined) return;
    this.served = this.servedUntil(this.clock.nowUs());
    this.client.end();
    this.client.recheck?.();
  }

  /** Requests for the driver, as many as it takes. Returns how many. */
  step(): number {
    if (this.done || this.startUs === Number.POSITIVE_INFINITY) return 0;
    const { client } = this;
    if (client.finished) {
      if (this.served === undefined) this.end();
      else this.finish();
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
    return this.served ?? this.servedUntil(this.clock.nowUs());
  }

  private complete(queue: number, batch: Int32Array, count: number): void {
    this.slot.deliveries++;
    this.client.completed(queue, batch, count, this.clock.nowUs());
  }

  private finish(): void {
    this.done = true;
    store(this.memory.words, this.doneWord, 1); // tells the main thread that all is done and checked
  }

  private servedUntil(endUs: number): DiskServed {
    const { books } = this.client;
    const bytes = books.read('bytesRead') + books.read('bytesWritten');
    return { startUs: this.startUs, endUs, completed: books.read('completed'), bytes };
  }
}

function clientOf(memory: Memory, { client, data }: DiskLayout, requests: RequestTable): DiskClient {
  return client.kind === 'workload'
    ? new Workload(memory, client.regions, requests, data, client.options)
    : new RemoteClient(memory, client.regions, requests);
}
