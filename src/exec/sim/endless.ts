/** Steps that must come to their end, and work in slices that must. */
import type { Hardware } from '../hardware.ts';
import { POINTS } from './points.ts';
import { MOST_TURNS } from './progress.ts';

/** A step of one actor that makes more accesses than this does not end. */
const ENDLESS = 1_000_000;
const SLICE_US = 8;

/** An actor does not come to the end of a step. */
export class Endless extends Error {}

/** From now on, so many accesses are too many. */
export function guardAgainstEndless(): void {
  POINTS.guard(ENDLESS, endless);
}

export function endless(): never {
  throw new Endless('a step of the machine does not come to its end');
}

/** Work of the CPU in slices, with the devices going on in between. */
export function stepThrough(slices: Generator<void>, hardware: Hardware, clock: { us: number }): void {
  let steps = 0;
  guardAgainstEndless();
  for (const _ of slices) {
    guardAgainstEndless();
    for (const nic of hardware.nics) nic.step(clock.us, 64);
    for (const disk of hardware.disks) disk.step(clock.us, 64);
    clock.us += SLICE_US;
    if (++steps > MOST_TURNS) throw new Endless('a driver does not come to the end of its start or stop');
  }
  POINTS.disarm();
}
