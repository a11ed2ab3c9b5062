/** Where a process puts what it measures. */
import type { Measured } from './bench.ts';
import type { LedgerResult } from './results.ts';

export class Collected implements Measured {
  readonly values: Record<string, number[]> = {};
  readonly disturbed: Record<string, number[]> = {};
  readonly shared: Record<string, number[]> = {};
  readonly timed = { all: 0, undisturbed: 0 };
  readonly points: Record<string, number[]> = {};
  readonly ledgers: LedgerResult[] = [];
  readonly notes: string[] = [];
  private readonly last: (() => void)[] = [];

  /** One more value of a figure. One that was disturbed counts only where no process has better ones. */
  value(id: string, value: number, disturbed = false): void {
    put(disturbed ? this.disturbed : this.values, id, value);
  }

  /** One of what was timed beside a neighbour alone. */
  sharedValue(id: string, value: number): void {
    put(this.shared, id, value);
  }

  addTimed({ all, undisturbed }: Measured['timed']): void {
    this.timed.all += all;
    this.timed.undisturbed += undisturbed;
  }

  /** Records what is said of turns once all are over: only then is it known what the cores' own pace is. */
  later(record: () => void): void {
    this.last.push(record);
  }

  complete(): Measured {
    for (const record of this.last.splice(0)) record();
    return this;
  }

  plot(name: string, values: readonly number[]): void {
    this.points[name] = [...values];
  }
}

function put(values: Record<string, number[]>, id: string, value: number): void {
  values[id] = [...(values[id] ?? []), value];
}

/** All values of a figure, in the order of the processes. */
export function valuesOf(all: readonly Measured[], id: string): number[] {
  return all.flatMap(({ values, disturbed }) => (isDisturbed(all, id) ? disturbed : values)[id] ?? []);
}

/** Has no process a value that was not disturbed, but some have one that was? */
export function isDisturbed(all: readonly Measured[], id: string): boolean {
  return (
    all.every(({ values }) => values[id] === undefined) &&
    all.some(({ disturbed }) => disturbed[id] !== undefined)
  );
}

/** Figures that there are values of. */
export function idsOf(all: readonly Measured[]): string[] {
  return [...new Set(all.flatMap(({ values, disturbed }) => [values, disturbed].flatMap(Object.keys)))];
}
