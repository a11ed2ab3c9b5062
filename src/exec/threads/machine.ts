/** A machine on threads: one for the hardware, one or two for its CPUs. This is what the main thread sees of it. */
import { MessageChannel } from 'node:worker_threads';
import { Control } from '../../host/control.ts';
import type { MachineLayout } from '../../host/machine.ts';
import { Bell } from '../../hw/bell.ts';
import { hostUs, MonotonicClock } from '../../hw/clock.ts';
import type { Memory } from '../../hw/memory.ts';
import { Cpus } from './cpus.ts';
import type {
  CpuResult,
  CpuStart,
  DriverLoaded,
  Handover,
  HardwareResult,
  HardwareStart,
  Order,
  SwapEnded,
} from './messages.ts';
import type { Relief } from './relief.ts';
import { ThreadHandle } from './thread-handle.ts';

/** A sync of a large file takes its time. */
const STOPPING_MS = 5000;

export interface MachineOptions {
  readonly timed: CpuStart['timed'];
  readonly round: CpuStart['round'];
  readonly driverModules: CpuStart['driverModules'];
  readonly applicationModules: CpuStart['applicationModules'];
  readonly pcapOut: string | undefined;
  readonly wantsDump: boolean;
  /** The machine takes orders while it runs, and tells of swaps as they end. */
  readonly takesOrders: boolean;
  /** A second CPU stands by. It also takes orders. */
  readonly standby?: boolean;
}

export interface MachineResults {
  readonly cpu: CpuResult;
  readonly hardware: HardwareResult;
  /** Passages of the devices from one CPU to another. */
  readonly reliefs: readonly Relief[];
}

export class ThreadedMachine {
  readonly memory: Memory;
  readonly layout: MachineLayout;
  readonly control: Control;
  readonly clock: MonotonicClock;
  private readonly hardwareBell: Bell;
  private readonly hardware: ThreadHandle<HardwareResult>;
  private readonly cpus: Cpus;
  private readonly originUs: number;

  private constructor(
    memory: Memory,
    layout: MachineLayout,
    originUs: number,
    hardware: ThreadHandle<HardwareResult>,
    cpus: Cpus,
  ) {
    this.memory = memory;
    this.layout = layout;
    this.originUs = originUs;
    this.clock = new MonotonicClock(originUs);
    this.hardware = hardware;
    this.cpus = cpus;
    this.control = new Control(memory, layout.control);
    this.hardwareBell = new Bell(memory, layout.hardwareBell);
  }

  /** Starts the threads on a prepared memory; resolves when all cards are up. Rejects with ThreadFailure. */
  static async start(
    memory: Memory,
    layout: MachineLayout,
    options: MachineOptions,
  ): Promise<ThreadedMachine> {
    const originUs = hostUs();
    const epochNs = BigInt(Date.now()) * 1_000_000n;
    const { port1, port2 } = new MessageChannel();
    const { pcapOut, standby = false, ...cpuOptions } = options;
    const common = { buffer: memory.buffer, layout, originUs };
    const annotations = pcapOut === undefined ? undefined : port1;
    const hardwareStart: HardwareStart = { ...common, pcapOut, epochNs, annotations: port2 };
    const hardware = new ThreadHandle<HardwareResult>('hw', hardwareStart, [port2]);
    try {
      // Power first: a card that is made resets its registers and vectors.
      await hardware.ready;
      const clock = new MonotonicClock(originUs);
      const cpus = await Cpus.start(memory, layout, clock, {
        ...common,
        ...cpuOptions,
        annotations,
        standby,
      });
      return new ThreadedMachine(memory, layout, originUs, hardware, cpus);
    } catch (error) {
      await endHardware(memory, layout, hardware, originUs);
      throw error;
    }
  }

  go(): void {
    this.control.go();
    this.wake();
  }

  endTraffic(): void {
    this.control.endTraffic();
    this.wake();
  }

  /** Of a machine that takes orders. What becomes of it, `onSwapEnded` and `onLoaded` tell. */
  order(order: Order): void {
    this.cpus.order(order);
  }

  /** Of a machine that takes orders: `listener` is told of all its swaps, in the order of their ends. */
  onSwapEnded(listener: (ended: SwapEnded) => void): void {
    this.cpus.onSwapEnded(listener);
  }

  /** All devices pass to the CPU that stands by. Rejects with NoStandby, or ThreadFailure. */
  handOver(): Promise<Handover> {
    return this.cpus.handOver();
  }

  /** Resolves when a CPU stands by, in a machine of two. */
  standsBy(): Promise<void> {
    return this.cpus.standsBy();
  }

  /** Told of each passage of the devices to another CPU, whether it was asked for or a CPU had ended. */
  onRelief(listener: (relief: Relief) => void): void {
    this.cpus.onRelief(listener);
  }

  /** Passages of the devices from one CPU to another, so far. */
  get passages(): number {
    return this.cpus.reliefs.length;
  }

  /** Ends the thread of the CPU that serves, wherever it is. */
  killCpu(): Promise<void> {
    return this.cpus.kill();
  }

  /** Of a machine that takes orders: told of each driver that was to be loaded. */
  onLoaded(listener: (loaded: DriverLoaded) => void): void {
    this.cpus.onLoaded(listener);
  }

  /** There is something new for the CPU: for other threads than ours, words in memory alone tell. */
  wakeCpu(): void {
    this.cpus.wake();
  }

  /** Ends service: the CPU first, while the hardware still answers it. */
  async finish(): Promise<MachineResults> {
    try {
      const cpu = await this.cpus.finish();
      this.control.stopHardware();
      this.wake();
      const hardware = await this.hardware.finished;
      return { cpu, hardware, reliefs: this.cpus.reliefs };
    } finally {
      await this.kill();
    }
  }

  /** The hardware ends last and by itself, if it does: files that disks lie in are let go. */
  async kill(): Promise<void> {
    await this.cpus.terminate();
    await endHardware(this.memory, this.layout, this.hardware, this.originUs);
  }

  /** Rejects when a thread fails in the middle of a run. */
  get failed(): Promise<never> {
    return Promise.race([this.cpus.failed, this.hardware.failed]);
  }

  /** The CPU thread has ended service by itself: a driver failed, and the report has what it left. */
  get cpuEnded(): boolean {
    return this.cpus.serviceEnded;
  }

  private wake(): void {
    this.cpus.wake();
    this.hardwareBell.ring(this.clock.nowUs());
  }
}

/** Told to stop, a hardware thread stops within a step; one that does not is ended. */
async function endHardware(
  memory: Memory,
  layout: MachineLayout,
  hardware: ThreadHandle<HardwareResult>,
  originUs: number,
): Promise<void> {
  if (layout.disks.some(({ media }) => media !== undefined)) {
    new Control(memory, layout.control).stopHardware();
    new Bell(memory, layout.hardwareBell).ring(hostUs() - originUs);
    await hardware.endedWithin(STOPPING_MS);
  }
  await hardware.terminate();
}
