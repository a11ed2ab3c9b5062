/** The built-in applications: `sink` checks and drops, `echo` sends back, `forward` sends on by another card. */
import type { DeliveryCheck } from '../../check/delivery.ts';
import type { Burst } from '../../drivers/burst.ts';
import type { Application, SlotView } from '../../drivers/contract.ts';
import type { BufferPool } from '../../drivers/pool.ts';
import type { Memory } from '../../hw/memory.ts';
import { put } from '../../hw/shared.ts';
import type { Exit } from './exit.ts';

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
  create(environment: ApplicationEnvironment): Application;
}

/** What an application is given: the check of what it receives, and the buffers. */
export interface ApplicationEnvironment {
  readonly memory: Memory;
  readonly pool: BufferPool;
  readonly check: DeliveryCheck;
  /** The card that frames leave by; unused by those that send nothing. */
  readonly exit: Exit;
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
    for (let i = 0; i < burst.segments; i++) this.pool.put(burst.buffers[i]);
    return burst.segments;
  }
}

/** Echo and forward: takes only what the exit has room for, so that nothing is ever held outside a ring. */
class Sender implements Application {
  readonly name: string;
  private readonly memory: Memory;
  private readonly pool: BufferPool;
  private readonly check: DeliveryCheck;
  private readonly exit: Exit;
  private readonly swapsAddresses: boolean;

  constructor(name: string, { memory, pool, check, exit }: ApplicationEnvironment) {
    this.name = name;
    this.memory = memory;
    this.pool = pool;
    this.check = check;
    this.exit = exit;
    this.swapsAddresses = name === 'echo';
  }

  /**
   * Sent first, checked after: if the exit throws, the burst is offered again and must not have been counted.
   * The card only reads the buffers meanwhile, and they come home on this thread alone.
   */
  receive(slot: SlotView, queue: number, burst: Burst): number {
    const { exit } = this;
    const segments = wholeFrames(burst, exit.room(queue));
    if (segments === 0) return 0;
    if (this.swapsAddresses) this.swapAddresses(burst, segments);
    try {
      exit.transmit(queue, burst, segments, (slot.index << 8) | queue, burst.position);
    } catch (error) {
      if (this.swapsAddresses) this.swapAddresses(burst, segments);
      throw error;
    }
    this.check.burst(burst, segments, queue);
    return segments;
  }

  /** Destination and source, six bytes each, as three words. */
  private swapAddresses(burst: Burst, segments: number): void {
    const { words } = this.memory;
    for (let i = 0; i < segments; i++) {
      if (i > 0 && burst.ends[i - 1] === 0) continue;
      const at = this.pool.address(burst.buffers[i]) >>> 2;
      const a = words[at];
      const b = words[at + 1];
      const c = words[at + 2];
      put(words, at, (b >>> 16) | (c << 16));
      put(words, at + 1, (c >>> 16) | (a << 16));
      put(words, at + 2, (a >>> 16) | (b << 16));
    }
  }
}

/** Segments of the frames that fit into `room` descriptors. */
function wholeFrames(burst: Burst, room: number): number {
  if (burst.segments <= room) return burst.segments;
  let whole = 0;
  for (let i = 0; i < room; i++) if (burst.ends[i] !== 0) whole = i + 1;
  return whole;
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
    create: (environment) => new Sender('echo', environment),
  },
  {
    name: 'forward',
    description:
      'checks every frame and sends it on, unchanged, by the card next to it (eth0 to eth1 and back)',
    sends: 'on',
    create: (environment) => new Sender('forward', environment),
  },
] as const satisfies readonly ApplicationDefinition[];
export type ApplicationName = (typeof APPLICATIONS)[number]['name'];
