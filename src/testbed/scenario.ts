/** What a run does, as plain JSON. `schemas/scenario.schema.json` is the same contract for other languages. */

import type { ApplicationName } from '../host/apps/applications.ts';
import type { Pattern } from '../host/workload/options.ts';
import type { Method } from '../swap/plan.ts';

/** The built-in applications; a scenario may name others by the paths of their modules. */
export type { ApplicationName };
/** How a driver is exchanged: in place, or by one of the two controls that it is compared with. */
export type SwapMethod = Method;
/** Values of a driver's typed parameters; names and ranges are the driver's own (`ringswap list`). */
export type DriverParameters = Readonly<Record<string, number>>;

/** What comes out of the cable's far end. Give `capture` or `size`, not both. */
export interface TrafficScenario {
  /** A pcap or pcapng file of Ethernet frames, replayed in rounds. */
  readonly capture?: string;
  /** Bytes on the wire with FCS (64 to 9216), or `imix`. */
  readonly size?: number | 'imix';
  /** Flows of generated frames. Default 16. */
  readonly flows?: number;
  /** Frames per second; `max`: as fast as the link takes them; `recorded`, or `recorded*F`: a capture's own pace, F times as fast. */
  readonly rate?: number | 'max' | 'recorded' | `recorded*${number}`;
  /** `lossless`: the link partner honours PAUSE. `open`: it does not, and what overruns the card is lost and counted. */
  readonly link?: 'lossless' | 'open';
}

export interface DriverScenario {
  /** A built-in driver's name, or the path of a module whose default export is a driver definition. */
  readonly name: string;
  readonly parameters?: DriverParameters;
}

export interface NicScenario extends TrafficScenario {
  readonly name: string;
  /** Receive and transmit queue pairs in use, 1 to 8; a ring move needs a spare one. Default 1. */
  readonly queues?: number;
  readonly driver?: DriverScenario;
  /** A built-in application's name, or the path of a module whose default export is an application definition. */
  readonly app?: string;
}

/** What is asked of a disk, in fio's words. */
export interface WorkloadScenario {
  /** Default `randrw`. */
  readonly rw?: Pattern;
  /** Bytes of a request, or as `4K`: a multiple of 512. Default 4K. */
  readonly bs?: number | string;
  /** Requests kept outstanding. Default 32. */
  readonly iodepth?: number;
  /** Reads of `randrw`, in per cent. Default 50. */
  readonly rwmixread?: number;
  /** Blocks describe themselves, and each read is checked. Default true. */
  readonly verify?: boolean;
  /** Writes after which a flush follows; 0 for none. Default 64. */
  readonly flushEvery?: number;
  /** Writes that go through to the media (FUA), in per cent. Default 1. */
  readonly fua?: number;
}

export interface DiskScenario extends WorkloadScenario {
  readonly name: string;
  /** Bytes, or as `256M`. Default 64M. */
  readonly size?: number | string;
  /** A file that the disk lies in; it is made if it is not there. Default: memory. */
  readonly media?: string;
  /** The volatile write cache in bytes, or as `1M`; 0 for none. Default 1M. */
  readonly cache?: number | string;
  /** I/O queue pairs, 1 to 4. Default 1. */
  readonly queues?: number;
  /** Requests in all. Default: what `frames` says, or as many as there are in `duration`. */
  readonly requests?: number;
  readonly driver?: DriverScenario;
}

export interface SwapScenario {
  /** When, counted from the first frame: `500ms`, `1s`, `250us`. */
  readonly at: string;
  /** The device: a card or a disk, one of the two. */
  readonly nic?: string;
  readonly disk?: string;
  readonly to: string;
  readonly parameters?: DriverParameters;
  readonly method?: SwapMethod;
  /** `standby`: once it is done, all devices are handed over to the CPU that stands by. */
  readonly cpu?: 'standby';
}

/** Swaps again and again, through all ordered pairs of the drivers that are loaded, null swaps too. */
export interface SwapEveryScenario {
  readonly interval: string;
  readonly method?: SwapMethod;
  /** Each parameter takes its listed values in turn, one a swap. */
  readonly vary?: Readonly<Record<string, readonly number[]>>;
}

/**
 * Everything a run needs. Traffic and app given here are the defaults of every card, a workload of every disk; a driver of
 * every card, or of every disk if it drives disks or there is no card.
 */
export interface Scenario extends TrafficScenario, WorkloadScenario {
  /** Default: one, eth0; none if there are disks. */
  readonly nics?: readonly NicScenario[];
  readonly disks?: readonly DiskScenario[];
  readonly driver?: DriverScenario;
  readonly app?: string;
  /** Frames that each card's link offers before the run ends, and requests to each disk. */
  readonly frames?: number;
  /** Or how long it offers them: `5s`. With neither, one second. */
  readonly duration?: string;
  readonly swaps?: readonly SwapScenario[];
  readonly swapEvery?: SwapEveryScenario;
  /** A second CPU stands by: cards may be handed over to it, and it takes them over when the first one ends. Not with disks. */
  readonly standby?: boolean;
  /** DMA memory of the machine, in bytes or as `64M`. Default: what the scenario needs. */
  readonly memory?: number | string;
  readonly seed?: number;
  /** Records all that crosses the links, with the swaps as comments. */
  readonly pcapOut?: string;
  /** Registers, rings and state blocks at the end of the run, for `ringswap inspect`. */
  readonly dump?: string;
}
