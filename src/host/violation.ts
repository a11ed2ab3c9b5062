import type { Violation } from '../check/ledger.ts';
import { reasonOf } from '../swap/slices.ts';
import { ApplicationFailure } from './apps/offer.ts';

/** Something that must not have happened, as the CPU saw it. */
export type HostViolation = Violation & { readonly timeUs: number };

/** A driver threw in normal service, with no swap to undo; or the application above it did. */
export function driverFailure(device: string, driver: string, error: unknown, timeUs: number): HostViolation {
  return {
    invariant: 'driver',
    device,
    message:
      error instanceof ApplicationFailure ? error.message : `driver ${driver} threw: ${reasonOf(error)}`,
    timeUs,
  };
}

/** A driver lets work lie, and nobody can take its place. */
export function driverHangs(device: string, message: string, timeUs: number): HostViolation {
  return { invariant: 'driver', device, message, timeUs };
}
