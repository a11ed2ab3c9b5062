/** The product's CPU with a driver and a workload, one after another on the same disk: what each leaves, the next finds. */
import { diskBalance } from '../../src/check/blocks/balance.ts';
import { BlockBooks } from '../../src/check/blocks/books.ts';
import { DISK_DRIVERS } from '../../src/drivers/index.ts';
import { conclude } from '../../src/exec/threads/conclude.ts';
import { IdleWatch } from '../../src/exec/threads/idle.ts';
import { countDisk } from '../../src/host/books.ts';
import { Cpu } from '../../src/host/cpu.ts';
import { DiskService } from '../../src/host/disk-service.ts';
import type { MachineLayout } from '../../src/host/machine.ts';
import { LatencyHistogram } from '../../src/host/workload/latency.ts';
import type { Clock } from '../../src/hw/clock.ts';
import type { Memory } from '../../src/hw/memory.ts';
import { CpuPort } from '../../src/hw/msix.ts';
import { rehearseDisks } from '../../src/swap/disk-rehearsal.ts';
import { Understudy } from '../../src/swap/understudy.ts';
import { SwapGauges } from '../gauged-swaps.ts';
import { WHOLE_ONE_IN } from '../ledger.ts';
import { Asking } from '../live/asking.ts';
import type { SwapSeries } from '../live/messages.ts';
import type { Asker, Service } from './asker.ts';
import { asking, BLOCK_BYTES, workloadOf } from './machine.ts';
import type { DiskBooks, DiskWork } from './messages.ts';

const STEPS_PER_LOOK = 16;
/** For all that is outstanding to be done, and for the whole area to be read once more. */
const PATIENCE_US = 60_000_000;
const NEVER = { startUs: 0, endUs: 0, occupancy: { workingUs: 0, lookingUs: 0, idleUs: 0 } };

export class Host implements Asker {
  readonly latency: LatencyHistogram;
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly clock: Clock;
  private readonly books: BlockBooks;
  private readonly violations: string[] = [];
  private readonly gauges = new SwapGauges();
  private understudy: Understudy | undefined;
  private readonly idle: IdleWatch;
  private readonly hasWork: () => boolean;
  private cpu: Cpu | undefined;

  constructor(memory: Memory, layout: MachineLayout, clock: Clock, rehearsed: boolean) {
    this.memory = memory;
    this.layout = layout;
    this.clock = clock;
    const { regions } = workloadOf(layout);
    this.books = new BlockBooks(memory, regions.books);
    this.latency = new LatencyHistogram(memory, regions.latency);
    const port = new CpuPort(memory, layout.cpus[0]);
    this.idle = new IdleWatch(port.bell, clock);
    this.hasWork = () => port.anyPending();
    if (!rehearsed) return;
    this.understudy = new Understudy();
    rehearseDisks(DISK_DRIVERS, clock, this.understudy);
  }

  get done(): number {
    return this.books.read('completed');
  }

  /** First all blocks are written once: zeroes are checked in another way. */
  begin(work: DiskWork): void {
    if (this.cpu === undefined) {
      const { area } = workloadOf(this.layout).options;
      this.open(asking(this.layout, { ...work, rw: 'write' }, area));
    } else {
      this.cpu.endTraffic();
    }
    this.close();
    this.open(asking(this.layout, work));
  }

  drain(): void {
    const { cpu } = this;
    while ((cpu?.step() ?? 0) > 0);
  }

  serve(untilUs: number, swaps: SwapSeries | undefined): Service {
    const { cpu, clock } = this;
    if (cpu === undefined) throw new Error('nothing is asked for yet');
    const { desk } = cpu;
    const before = desk.records.length;
    const { idle } = this;
    idle.restart();
    const asking = new Asking(
      swaps,
      desk,
      cpu.disks.map(({ slot }) => slot),
      clock,
    );
    const nextUs = () => Math.min(untilUs, desk.nextDueUs(), asking.nextUs());
    for (let steps = 0; ; steps++) {
      this.step(cpu, nextUs);
      if (steps % STEPS_PER_LOOK !== 0) continue;
      if (clock.nowUs() >= untilUs) break;
      asking.look();
    }
    const occupancy = idle.occupancy();
    while (desk.busy) cpu.step();
    return { occupancy, swaps: this.gauges.of(desk.records.slice(before)) };
  }

  conclude(): DiskBooks {
    this.cpu?.endTraffic();
    this.close();
    return {
      blocksChecked: this.books.read('bytesRead') / BLOCK_BYTES,
      wholeShare: 1 / WHOLE_ONE_IN,
      violations: this.violations,
    };
  }

  /** As the product's loop has it: where there is nothing to do, others may need the core. */
  private step(cpu: Cpu, nextUs: () => number): void {
    const { idle } = this;
    if (cpu.step() > 0) idle.busy();
    else if (!cpu.idle()) idle.rest();
    else idle.pause(this.hasWork, nextUs);
  }

  /** What a workload has asked for is forgotten, not what it has written. */
  private open(layout: MachineLayout): void {
    const { memory, clock } = this;
    const { choices } = workloadOf(layout).regions;
    memory.bytes.fill(0, choices.address, choices.address + choices.bytes);
    new DiskService(memory, layout.disks[0].service).restart();
    const cpu = new Cpu(memory, layout, clock, {
      timed: [],
      round: undefined,
      drivers: [],
      diskDrivers: DISK_DRIVERS,
      understudy: this.understudy,
      swapEnded: this.gauges.swapEnded,
    });
    for (const _ of cpu.boot());
    cpu.start(clock.nowUs());
    this.cpu = cpu;
  }

  /** When all is done, and was read once more. */
  private close(): void {
    const { cpu, memory, clock, layout } = this;
    if (cpu === undefined) return;
    const latestUs = clock.nowUs() + PATIENCE_US;
    while (!countDisk(memory, layout.disks[0]).done) {
      this.step(cpu, () => latestUs);
      if (clock.nowUs() > latestUs) throw new Error('requests of a disk do not come to their end');
    }
    const { violations, disks, bufferProblems } = conclude(cpu, memory, layout, false, NEVER);
    const wrong = disks.flatMap(({ facts }) => diskBalance(facts).violations);
    for (const { message } of [...violations, ...bufferProblems, ...wrong]) this.violations.push(message);
  }
}
