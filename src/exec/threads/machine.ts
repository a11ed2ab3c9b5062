/** A machine on threads: one for the hardware, one for the CPU. This is what the main thread sees of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { Control } from '../../host/control.ts';
import type { MachineLayout } from '../../host/machine.ts';
import { Bell } from '../../hw/bell.ts';
import { hostUs, MonotonicClock } from '../../hw/clock.ts';
import type { Memory } from '../../hw/memory.ts';
import { CpuPort } from '../../hw/msix.ts';
import type {
  CpuResult,
  CpuStart,
  DriverLoaded,
  HardwareResult,
  HardwareStart,
  Order,
  SwapEnded,
  ThreadMessage,
} from './messages.ts';
import { OrderPost } from './orders.ts';
import { workerUrl } from './worker-url.ts';

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
}

export interface MachineResults {
  readonly cpu: CpuResult;
  readonly hardware: HardwareResult;
}

/** A thread ended by an error of its own; `name` is the name of the error there. */
export class ThreadFailure extends Error {
  constructor(name: string, message: string, stack: string) {
    super(message);
    this.name = name;
    this.stack = stack;
  }
}

export class ThreadedMachine {
  readonly memory: Memory;
  readonly layout: MachineLayout;
  readonly control: Control;
  readonly clock: MonotonicClock;
  private readonly cpuBell: Bell;
  private readonly hardwareBell: Bell;
  private readonly hardware: ThreadHandle<HardwareResult>;
  private readonly cpu: ThreadHandle<CpuResult>;
  private readonly originUs: number;
  private readonly orders: OrderPost;

  private constructor(
    memory: Memory,
    layout: MachineLayout,
    originUs: number,
    hardware: ThreadHandle<HardwareResult>,
    cpu: ThreadHandle<CpuResult>,
    orders: MessagePort,
  ) {
    this.memory = memory;
    this.layout = layout;
    this.originUs = originUs;
    this.clock = new MonotonicClock(originUs);
    this.hardware = hardware;
    this.cpu = cpu;
    this.control = new Control(memory, layout.control);
    this.cpuBell = new CpuPort(memory, layout.cpu).bell;
    this.hardwareBell = new Bell(memory, layout.hardwareBell);
    this.orders = new OrderPost(orders, this.control);
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
    const orders = new MessageChannel();
    const { pcapOut, takesOrders, ...cpuOptions } = options;
    const common = { buffer: memory.buffer, layout, originUs };
    const annotations = pcapOut === undefined ? undefined : port1;
    const hardwareStart: HardwareStart = { ...common, pcapOut, epochNs, annotations: port2 };
    const taken = takesOrders ? orders.port2 : undefined;
    const cpuStart: CpuStart = { ...common, ...cpuOptions, annotations, orders: taken };
    const hardware = new ThreadHandle<HardwareResult>('hw', hardwareStart, [port2]);
    try {
      // Power first: a card that is made resets its registers and vectors.
      await hardware.ready;
      const ports = [annotations, taken].filter((port) => port !== undefined);
      const cpu = new ThreadHandle<CpuResult>('cpu', cpuStart, ports);
      const machine = new ThreadedMachine(memory, layout, originUs, hardware, cpu, orders.port1);
      await cpu.ready.catch(async (error: unknown) => {
        await cpu.terminate();
        throw error;
      });
      return machine;
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
    this.orders.send(order);
    this.wakeCpu();
  }

  /** Of a machine that takes orders: `listener` is told of all its swaps, in the order of their ends. */
  onSwapEnded(listener: (ended: SwapEnded) => void): void {
    this.cpu.listen((message) => {
      if (message.kind === 'swapEnded') listener(message.ended);
    });
  }

  onLoaded(listener: (loaded: DriverLoaded) => void): void {
    this.cpu.listen((message) => {
      if (message.kind === 'loaded') listener(message.loaded);
    });
  }

  /** There is something new for the CPU: for other threads than ours, words in memory alone tell. */
  wakeCpu(): void {
    if (this.cpuBell.asleep()) this.cpuBell.ring(this.clock.nowUs());
  }

  /** Ends service: the CPU first, while the hardware still answers it. */
  async finish(): Promise<MachineResults> {
    try {
      this.control.stopCpu();
      this.wake();
      const cpu = await this.cpu.finished;
      this.control.stopHardware();
      this.wake();
      const hardware = await this.hardware.finished;
      return { cpu, hardware };
    } finally {
      await this.kill();
    }
  }

  /** The hardware ends last and by itself, if it does: files that disks lie in are let go. */
  async kill(): Promise<void> {
    await this.cpu.terminate();
    await endHardware(this.memory, this.layout, this.hardware, this.originUs);
  }

  /** Rejects when a thread fails in the middle of a run. */
  get failed(): Promise<never> {
    return Promise.race([this.cpu.failed, this.hardware.failed]);
  }

  /** The CPU thread has ended service by itself: a driver failed, and the report has what it left. */
  get cpuEnded(): boolean {
    return this.cpu.ended;
  }

  private wake(): void {
    const now = this.clock.nowUs();
    this.cpuBell.ring(now);
    this.hardwareBell.ring(now);
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

/** A thread takes over the process's flags, and this one forbids an entry that is a file. */
const FLAGS = process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {};

class ThreadHandle<R> {
  readonly ready: Promise<void>;
  readonly finished: Promise<R>;
  readonly failed: Promise<never>;
  /** Its result has come, and it steps no more. */
  ended = false;
  private readonly worker: Worker;

  constructor(name: 'hw' | 'cpu', start: HardwareStart | CpuStart, transfer: readonly MessagePort[]) {
    this.worker = new Worker(workerUrl(name), {
      workerData: start,
      transferList: [...transfer],
      name: `ringswap ${name}`,
      ...FLAGS,
    });
    const { worker } = this;
    this.failed = new Promise<never>((_, reject) => {
      worker.on('message', (message: ThreadMessage<R>) => {
        if (message.kind === 'failed')
          reject(new ThreadFailure(message.name, message.message, message.stack));
        if (message.kind === 'finished') this.ended = true;
      });
      worker.on('error', reject);
      worker.on('exit', (code) => {
        if (!this.ended)
          reject(
            new ThreadFailure('ThreadExit', `the ${name} thread ended by itself with exit code ${code}`, ''),
          );
      });
    });
    this.failed.catch(() => undefined); // raced against; nobody may be listening when it is over
    const message = <T>(pick: (message: ThreadMessage<R>) => T | undefined): Promise<T> =>
      Promise.race([
        this.failed,
        new Promise<T>((resolve) => {
          worker.on('message', (received: ThreadMessage<R>) => {
            const picked = pick(received);
            if (picked !== undefined) resolve(picked);
          });
        }),
      ]);
    this.ready = message((received) => (received.kind === 'ready' ? true : undefined)).then(() => undefined);
    this.finished = message((received) => (received.kind === 'finished' ? received.result : undefined));
    this.ready.catch(() => undefined);
    this.finished.catch(() => undefined);
  }

  listen(listener: (message: ThreadMessage<R>) => void): void {
    this.worker.on('message', listener);
  }

  /** Resolves when it has ended, however, or after so long. */
  async endedWithin(limitMs: number): Promise<void> {
    const timer = new AbortController();
    const ended = Promise.race([this.finished, this.failed]).catch(() => undefined);
    await Promise.race([ended, sleep(limitMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }
}
