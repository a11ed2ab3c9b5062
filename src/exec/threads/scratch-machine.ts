/** A machine of one thread, whose card passes from one CPU to the other: what runs in the pause of a handover, and all else of one. */
import { MessageChannel } from 'node:worker_threads';
import type { NicDriverDefinition } from '../../drivers/contract.ts';
import type { ApplicationDefinition } from '../../host/apps/applications.ts';
import { mirrors } from '../../host/apps/applications.ts';
import { Control } from '../../host/control.ts';
import { Cpu } from '../../host/cpu.ts';
import { type CardPlan, layoutMachine, type MachineLayout } from '../../host/machine.ts';
import { Tenure } from '../../host/tenure.ts';
import type { Clock } from '../../hw/clock.ts';
import { layoutGenerated, prepareGenerated } from '../../hw/link/generated.ts';
import { Memory, MemoryMap } from '../../hw/memory.ts';
import { macAddress } from '../../hw/nic/layout.ts';
import { defaultsOf, onScratch, SCRATCH_SLOTS } from '../../swap/scratch.ts';
import { Hardware } from '../hardware.ts';
import { spinsFor } from './idle.ts';
import { OrderPost, Orders } from './orders.ts';
import { type Began, Service } from './serve.ts';

/** Of one card: its rings, and what is in the application's hands or in a transmit ring. */
const BUFFERS = 4 * SCRATCH_SLOTS;
const DMA_BYTES = { card: 1024 * 1024, disk: 0 };
const FRAME_BYTES = 64;
const FLOWS = 16;
const SEED = 1;
/** Of the hardware, before each passage: some frames wait then. */
const STEPS = 3;

export class ScratchMachine {
  private readonly memory: Memory;
  private readonly layout: MachineLayout;
  private readonly clock: Clock;
  private readonly driver: NicDriverDefinition;
  private readonly applications: readonly ApplicationDefinition[];
  private readonly hardware: Hardware;
  private readonly control: Control;
  private readonly tenure: Tenure;
  private readonly orders: Orders;
  private readonly post: OrderPost;
  /** Handovers that there have been. */
  passes = 0;
  /** Number of the CPU that has passed the card on. */
  private left: number;

  /** `applications`: beside the built-in ones. Throws what the driver or the application throws. */
  constructor(
    driver: NicDriverDefinition,
    application: ApplicationDefinition,
    applications: readonly ApplicationDefinition[],
    clock: Clock,
  ) {
    this.driver = driver;
    this.applications = applications;
    this.clock = clock;
    const map = new MemoryMap();
    const stream = layoutGenerated(map, [FRAME_BYTES], FLOWS);
    const sendsOn = application.sends === 'on';
    const plan: CardPlan = {
      name: 'scratch',
      queues: 1,
      driver: driver.name,
      parameters: onScratch(defaultsOf(driver)),
      app: application.name,
      stream,
      pace: { kind: 'max' },
      lossless: true,
      lossy: false,
      wholeOneIn: 1,
      frames: Number.MAX_SAFE_INTEGER,
      durationUs: Number.MAX_SAFE_INTEGER,
      returns: application.sends === 'back' ? 0 : undefined,
      mirrored: mirrors(application),
    };
    const plans = sendsOn ? [plan, { ...plan, frames: 0, returns: 0 }] : [plan];
    this.layout = layoutMachine(map, plans, plans.length * BUFFERS, SEED, [], DMA_BYTES);
    this.memory = new Memory(new SharedArrayBuffer(this.layout.bytes));
    prepareGenerated(this.memory, stream, macAddress(0), SEED);
    this.hardware = new Hardware(this.memory, this.layout, clock, () => undefined);
    this.control = new Control(this.memory, this.layout.control);
    this.tenure = new Tenure(this.memory, this.layout.tenure);
    const { port1, port2 } = new MessageChannel();
    this.orders = new Orders(port2, this.control, 0);
    this.post = new OrderPost(port1, this.control, 0);
    const first = this.makeCpu(0);
    for (const _ of first.boot()) this.stepHardware(1);
    this.control.go();
    this.hardware.start(clock.nowUs());
    this.serveOnce(first, (service) => service.run());
    this.left = first.number;
  }

  /** Some frames come; the next CPU takes the card over, serves them, and leaves. */
  pass(): void {
    const heir = this.makeCpu(1 - this.left, 'later');
    this.serveOnce(heir, (service) => {
      // Looked at in the pause of a real one too.
      if (!this.tenure.settled || !heir.fits()) throw new Error('a scratch machine was left unsettled');
      return service.succeed();
    });
    this.left = heir.number;
    this.passes++;
  }

  private serveOnce(cpu: Cpu, serve: (service: Service) => void): void {
    const service = this.serviceOf(cpu, (adoptedUs, servedUs) => this.tenure.served(adoptedUs, servedUs));
    this.stepHardware(STEPS);
    this.orders.stay();
    this.post.send({ kind: 'leave', to: 1 - cpu.number });
    serve(service);
  }

  private serviceOf(cpu: Cpu, began: Began): Service {
    const { control, tenure, clock, orders, layout } = this;
    return new Service(
      cpu,
      { control, tenure, clock, spins: spinsFor(layout), orders, relieved: true },
      began,
    );
  }

  private makeCpu(number: number, adopts?: 'later'): Cpu {
    return new Cpu(this.memory, this.layout, this.clock, {
      timed: [],
      round: undefined,
      drivers: [this.driver],
      applications: this.applications,
      number,
      ...(adopts === undefined ? {} : { adopts }),
      swapEnded: () => undefined,
    });
  }

  private stepHardware(steps: number): void {
    for (let step = 0; step < steps; step++) this.hardware.step(this.clock.nowUs());
  }
}
