/** What a slice of a swap tells the host: serve the card between this slice and the next, or hold. */
export const SERVE = true;
export const HOLD = false;
/** Bounded slices of work, one between two polls. */
export type Slices = Generator<boolean, void>;

/** Waits that a driver does in slices, with the card held or served meanwhile. */
export function* each(steps: Generator<void>, serve: boolean): Slices {
  for (const _ of steps) yield serve;
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
