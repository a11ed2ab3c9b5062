/** Notices a CPU that does not get on: it makes no step any more, or it steps and lets work of a device lie. */
import { url as inspected } from 'node:inspector';
import type { Lookout } from '../../host/standing-work.ts';

const LOOK_MS = 100;
/** Looks in a row that found nothing new. Counted, not timed: whoever looks may be held up too. */
const STILL_LOOKS = 20;
const STILL = `${(LOOK_MS * STILL_LOOKS) / 1000} s`;
/** A look at devices counts if so many beats have come since the last one: a CPU that lost its core is not to blame. One asleep has more. */
const LEAST_BEATS = 4;

export interface Watched {
  /** Rises with the steps of whichever CPU serves. */
  beat(): number;
  asleep(): boolean;
  /** The device that it is at. */
  serving(): number;
  readonly devices: readonly WatchedDevice[];
}

export interface WatchedDevice {
  readonly look: Lookout;
  /** Rises with each burst that is offered to the application: one that takes none holds the driver up. */
  offers(): number;
  /** Whether its driver takes what lies there is watched by the swap, on probation, and by polls: not by time. */
  isSwapping(): boolean;
}

/** `device`: the one whose driver is to blame. */
export interface Hang {
  readonly device: number;
  readonly reason: string;
  /** The CPU goes on stepping. */
  readonly steps: boolean;
}

export class Watchdog {
  private readonly watched: Watched;
  private readonly hangs: (hang: Hang) => void;
  private readonly devices: readonly DeviceWatch[];
  private timer: NodeJS.Timeout | undefined;
  private last = -1;
  private still = 0;

  /** `hangs` is called once for each time that it comes to a standstill. */
  constructor(watched: Watched, hangs: (hang: Hang) => void) {
    this.watched = watched;
    this.hangs = hangs;
    this.devices = watched.devices.map((device) => new DeviceWatch(device));
  }

  /** Not where threads may be stopped in a debugger: whoever does that does not want them ended. */
  start(): void {
    if (inspected() !== undefined) return;
    this.timer = setInterval(() => this.look(), LOOK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.restart();
  }

  /** Another CPU serves, or nobody does: whatever was seen to stand still is forgotten. */
  restart(): void {
    this.still = 0;
    for (const device of this.devices) device.restart();
  }

  look(): void {
    const { watched, hangs } = this;
    const beat = watched.beat();
    const beats = (beat - this.last) | 0;
    this.last = beat;
    if (beats !== 0 || watched.asleep()) this.still = 0;
    else if (++this.still === STILL_LOOKS) {
      const reason = `it made no step for ${STILL}, and did not sleep`;
      hangs({ device: watched.serving(), reason, steps: false });
    }
    if (beats < LEAST_BEATS) return;
    for (const [device, watch] of this.devices.entries()) {
      const reason = watch.look();
      if (reason !== undefined) hangs({ device, reason, steps: true });
    }
  }
}

/** What stands still on one device. */
class DeviceWatch {
  private readonly device: WatchedDevice;
  /** By what waits: its word then, and in how many looks it was the same. */
  private seen = new Map<string, { readonly at: number; readonly looks: number }>();
  private offers = 0;

  constructor(device: WatchedDevice) {
    this.device = device;
  }

  restart(): void {
    this.seen.clear();
  }

  /** Why it hangs, if it does; once. */
  look(): string | undefined {
    const { device, seen } = this;
    const offers = device.offers();
    const offered = offers !== this.offers;
    this.offers = offers;
    this.seen = new Map();
    const held = offered || device.isSwapping();
    let reason: string | undefined;
    for (const { what, word, at } of device.look()) {
      if (word === 'consumed' && held) continue; // if they are offered, the application holds
      const before = seen.get(what);
      const looks = before?.at === at ? before.looks + 1 : 0;
      this.seen.set(what, { at, looks });
      if (looks === STILL_LOOKS) reason ??= `${what}: \`${word}\` stood at ${at} for ${STILL}`;
    }
    return reason;
  }
}
