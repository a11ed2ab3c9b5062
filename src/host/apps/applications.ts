/** The built-in applications: `sink` checks and drops, `echo` sends back, `forward` sends on by another card. */
import type { DeliveryCheck } from '../../check/delivery.ts';
import type { Burst } from '../../drivers/burst.ts';
import type { Application, SlotView } from '../../drivers/contract.ts';
import type { BufferPool } from '../../drivers/pool.ts';
import type { Memory, Region } from '../../hw/memory.ts';
import type { Exit } from './exit.ts';
import { Sender } from './sender.ts';

export const SENDS = ['nothing', 'back', 'on'] as const;
/**
 * Where the frames of an application go, so that the ledger knows what to expect: nowhere; back by the same
 * card, destination and source exchanged; or on by the card next to it, unchanged.
 */
export type Sends = (typeof SENDS)[number];

/** What an application declares. The default export of an application module is one of these. */
export interface ApplicationDefinition {
  readonly name: string;
  readonly description: string;
  readonly sends: Sends;
  /** With `on`: destination and source are exchanged too. `back` always does. */
  readonly exchanges?: boolean;
  create(environment: ApplicationEnvironment): Application;
}

/** More than the built-in ones need. */
export const APPLICATION_BYTES = 1024;

/** What an application is given: the check of what it receives, and the buffers. */
export interface ApplicationEnvironment {
  readonly memory: Memory;
  readonly pool: BufferPool;
  readonly check: DeliveryCheck;
  /** The card that frames leave by; unused by those that send nothing. */
  readonly exit: Exit;
  /** APPLICATION_BYTES of shared memory, zero at first: for what must outlive the CPU. */
  readonly notes: Region;
}

/** Do the frames that it sends have destination and source exchanged? */
export function mirrors({ sends, exchanges }: Pick<ApplicationDefinition, 'sends' | 'exchanges'>): boolean {
  return sends === 'back' || (sends === 'on' && exchanges === true);
}

class Sink implements Application {
  readonly name = 'sink';
  private readonly check: DeliveryCheck;
  private readonly pool: BufferPool;

  constructor({ check, pool }: ApplicationEnvironment) {
    this.check = check;
    this.pool = pool;
  }

  receive(_: SlotView, queue: number, burst: Burst): number {
    this.check.burst(burst, burst.segments, queue);
    if (burst.recycles) burst.spent = true;
    else this.pool.putAll(burst.buffers, burst.segments);
    return burst.segments;
  }
}

export const APPLICATIONS = [
  {
    name: 'sink',
    description: 'checks every frame and frees its buffers',
    sends: 'nothing',
    create: (environment) => new Sink(environment),
  },
  {
    name: 'echo',
    description: 'checks every frame, swaps its MAC addresses and sends it back',
    sends: 'back',
    create: (environment) => new Sender('echo', environment, true),
  },
  {
    name: 'forward',
    description:
      'checks every frame and sends it on, unchanged, by the card next to it (eth0 to eth1 and back)',
    sends: 'on',
    create: (environment) => new Sender('forward', environment, false),
  },
] as const satisfies readonly ApplicationDefinition[];
export type ApplicationName = (typeof APPLICATIONS)[number]['name'];

export function isBuiltIn(application: string): boolean {
  return APPLICATIONS.some(({ name }) => name === application);
}
