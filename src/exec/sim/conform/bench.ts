/** One card on a bench: drivers are called by hand, hardware and traffic go on as far as they are let. */
import { accountBuffers, buffersAway } from '../../../check/buffers.ts';
import type {
  DriverDeclaration,
  NicDriver,
  NicDriverDefinition,
  NicEnvironment,
} from '../../../drivers/contract.ts';
import { NIC_REGISTERS } from '../../../hw/nic/datasheet.ts';
import { NicPort } from '../../../hw/nic/port.ts';
import { NVME_REGISTERS } from '../../../hw/nvme/datasheet.ts';
import type { DevicePort } from '../../../hw/port.ts';
import { NO_FAULTS } from '../faults.ts';
import { SimMachine } from '../machine.ts';
import { POINTS } from '../points.ts';
import type { SimParts } from '../run.ts';
import type { SimScenario } from '../scenario.ts';

/** Frames that the link offers in all. */
export const BENCH_FRAMES = 300;
const QUEUES = 2;
const MOST_STEPS = 20_000;
/** A call that makes more accesses than this does not end. */
const ENDLESS = 4_000_000;

const RINGS: Readonly<Record<string, number>> = { rxRing: 32, rxBuffers: 31, txRing: 32, burst: 8 };

export class Bench {
  readonly environment: NicEnvironment;
  private readonly machine: SimMachine;

  /** Makes the driver that is to start the card. */
  constructor(parts: SimParts, first: NicDriverDefinition) {
    this.machine = new SimMachine(scenarioOf(first), parts);
    this.environment = this.machine.cpu.slots[0].environment;
  }

  /** Who drives the card now. */
  get driver(): NicDriver {
    return this.machine.cpu.slots[0].driver;
  }

  /** Another one is in the slot from now on: interrupts and polls go to it. */
  set driver(driver: NicDriver) {
    this.machine.cpu.slots[0].driver = driver;
  }

  make(definition: NicDriverDefinition): NicDriver {
    return definition.create(this.environment, { ...defaultsOf(definition), ...ringsOf(definition) });
  }

  get delivered(): number {
    return this.machine.cpu.checks[0].verifier.seen;
  }

  /** What the device itself sees in one of its registers: no side effects. */
  register(offset: number): number {
    return this.machine.hardware.nics[0].registers.get(offset);
  }

  /** Cold start, and traffic begins. */
  boot(): void {
    const { cpu, hardware, clock } = this.machine;
    this.through(cpu.boot());
    hardware.start(clock.us);
  }

  /** Work in slices, with the card going on in between. */
  through(slices: Generator<void>): void {
    let steps = 0;
    for (const _ of slices) {
      this.stepHardware();
      if (++steps > MOST_STEPS) throw new Error(`it does not come to an end in ${MOST_STEPS} slices`);
    }
  }

  /** Frames come, and nobody serves. */
  arrive(steps: number): void {
    for (let step = 0; step < steps; step++) this.stepHardware();
  }

  /**
   * Serves until so many frames have been delivered in all, or `enough` says so. False: they are not, however
   * long one waits.
   */
  serve(frames: number, enough = () => false): boolean {
    for (let step = 0; step < MOST_STEPS && this.delivered < frames && !enough(); step++) {
      this.stepHardware();
      this.bounded(() => this.machine.cpu.step());
    }
    return this.delivered >= frames;
  }

  /** Throws when the call makes accesses without end. */
  bounded<T>(call: () => T): T {
    POINTS.guard(ENDLESS, () => {
      throw new Error('a call does not come to its end');
    });
    try {
      return call();
    } finally {
      POINTS.disarm();
    }
  }

  /** What is wrong with the buffers between two calls. */
  bufferProblem(): string | undefined {
    const { name, environment } = this.machine.cpu.slots[0];
    return accountBuffers(environment.pool, [{ name, state: environment.state }])[0]?.message;
  }

  get buffersAway(): number {
    return buffersAway(this.environment.pool);
  }

  private stepHardware(): void {
    const { hardware, clock } = this.machine;
    hardware.step(clock.us);
    clock.us += 1;
  }
}

/** Accesses to registers and vectors while `work` runs, in words. */
export function touches(port: DevicePort, work: () => void): string[] {
  const seen: string[] = [];
  const { read32, write32, connectVector, maskVector, unmaskVector } = port;
  const nameOf = (offset: number) =>
    registerName(port instanceof NicPort ? NIC_REGISTERS : NVME_REGISTERS, offset);
  port.read32 = (offset) => {
    seen.push(`reads ${nameOf(offset)}`);
    return read32.call(port, offset);
  };
  port.write32 = (offset, value) => {
    seen.push(`writes ${nameOf(offset)}`);
    write32.call(port, offset, value);
  };
  port.connectVector = (vector, cpu, irq) => {
    seen.push(`connects vector ${vector}`);
    connectVector.call(port, vector, cpu, irq);
  };
  port.maskVector = (vector) => {
    seen.push(`masks vector ${vector}`);
    maskVector.call(port, vector);
  };
  port.unmaskVector = (vector) => {
    seen.push(`unmasks vector ${vector}`);
    unmaskVector.call(port, vector);
  };
  try {
    work();
  } finally {
    Object.assign(port, { read32, write32, connectVector, maskVector, unmaskVector });
  }
  return seen;
}

export function defaultsOf({ parameters }: DriverDeclaration): Record<string, number> {
  return Object.fromEntries(parameters.map((spec) => [spec.name, spec.default]));
}

/** The bench's rings, as near as the driver's ranges let them be. */
function ringsOf({ parameters }: NicDriverDefinition): Record<string, number> {
  const own = parameters.filter(({ name }) => name in RINGS);
  return Object.fromEntries(
    own.map(({ name, min, max }) => [name, Math.min(max, Math.max(min, RINGS[name]))]),
  );
}

function scenarioOf(first: NicDriverDefinition): SimScenario {
  return {
    seed: 1,
    disks: [],
    cards: [
      {
        driver: first.name,
        parameters: ringsOf(first),
        app: 'echo',
        queues: QUEUES,
        sizes: [64],
        flows: 8,
        frames: BENCH_FRAMES,
        gapsUs: [],
        lossless: true,
        fifoKiB: 16,
      },
    ],
    swaps: [],
    rates: NO_FAULTS,
    strikeEvery: 1000,
    cpuTurns: 4,
    budget: 16,
  };
}

function registerName({ list }: Pick<typeof NIC_REGISTERS, 'list'>, offset: number): string {
  return list.find((row) => row.offset === offset)?.name ?? `0x${offset.toString(16)}`;
}
