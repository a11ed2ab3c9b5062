/**
 * Handovers on scratch machines: some hundreds when the thread starts, and thousands before the first real one, so that the compiler has
 * seen enough of all that runs in the pause to compile it well; and one right before each, and now and then while it is waited for, so that
 * the caches have it. Cold, taking over lasts several times as long.
 */
import type { NicDriverDefinition } from '../../drivers/contract.ts';
import { APPLICATIONS, type ApplicationDefinition } from '../../host/apps/applications.ts';
import type { Cpu } from '../../host/cpu.ts';
import type { CardLayout } from '../../host/machine.ts';
import type { Clock } from '../../hw/clock.ts';
import { ScratchMachine } from './scratch-machine.ts';

const PASSES = 300;
/** With fewer, much of the pause is interpreted: with 1000 it takes twice as long. With 12,000 it is no shorter. */
const ENOUGH_PASSES = 2000;
const PASSES_BEFORE = 3;

interface Known {
  readonly drivers: readonly NicDriverDefinition[];
  readonly applications: readonly ApplicationDefinition[];
}

export class HandoverRehearsal {
  private readonly cards: readonly CardLayout[];
  private readonly clock: Clock;
  private applications: readonly ApplicationDefinition[] = [];
  /** By driver and application. Undefined where one of them throws: what it does in earnest is told then. */
  private readonly machines = new Map<NicDriverDefinition, Map<string, ScratchMachine | undefined>>();
  private playing: readonly ScratchMachine[] = [];

  constructor(cards: readonly CardLayout[], clock: Clock) {
    this.cards = cards;
    this.clock = clock;
  }

  /** With the drivers that the cards begin with, as long as this thread is not `needed`. */
  rehearse({ drivers, applications }: Known, needed: () => boolean): void {
    this.applications = applications;
    for (const { driver, app } of this.cards) {
      if (needed()) return;
      const definition = drivers.find(({ name }) => name === driver);
      if (definition !== undefined) this.machineOf(definition, app);
    }
  }

  /** This CPU is to take its devices over. If the one that serves ends meanwhile, it is `needed`, and practises no more. */
  prepareFor({ slots }: Cpu, needed: () => boolean): void {
    const machines = slots.map(({ definition }, i) => this.machineOf(definition, this.cards[i].app));
    this.playing = [...new Set(machines)]
      .filter((machine) => machine !== undefined)
      .filter((machine) => practised(machine, needed));
    for (let pass = 0; pass < PASSES_BEFORE; pass++) this.play();
  }

  play(): void {
    for (const machine of this.playing) machine.pass();
  }

  private machineOf(driver: NicDriverDefinition, app: string): ScratchMachine | undefined {
    const known = this.machines.get(driver) ?? new Map<string, ScratchMachine | undefined>();
    this.machines.set(driver, known);
    if (!known.has(app)) known.set(app, this.rehearsed(driver, app));
    return known.get(app);
  }

  private rehearsed(driver: NicDriverDefinition, app: string): ScratchMachine | undefined {
    const application = [...APPLICATIONS, ...this.applications].find(({ name }) => name === app);
    if (application === undefined) return undefined;
    try {
      const machine = new ScratchMachine(driver, application, this.applications, this.clock);
      for (let pass = 0; pass < PASSES; pass++) machine.pass();
      return machine;
    } catch {
      return undefined;
    }
  }
}

/** False where its driver, or its application, does not last so long: what they do in earnest is told then. */
function practised(machine: ScratchMachine, needed: () => boolean): boolean {
  try {
    while (machine.passes < ENOUGH_PASSES && !needed()) machine.pass();
    return true;
  } catch {
    return false;
  }
}
