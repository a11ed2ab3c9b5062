import type { SourcePlace } from '../exec/modules/source-place.ts';

export type { SourcePlace };

/** Nobody could serve the devices to the end: a driver hangs, or ends every CPU. The message is complete: what, where, and what would do. */
export class OutOfServiceError extends Error {
  override readonly name = 'OutOfServiceError';
}

/** The user asked for something that cannot be. The message is complete: what, where, and what would do. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  /** In a source file of the user's own, where it is one that is wrong. */
  readonly place: SourcePlace | undefined;

  constructor(message: string, place?: SourcePlace) {
    super(message);
    this.place = place;
  }
}
