/** Runs on real threads that end by what has happened, not by the time it took. */
import { expect } from 'vitest';
import {
  cardsOf,
  type DriverParameters,
  type Report,
  type RunEvent,
  type RunningMachine,
  type Scenario,
  type SwapMethod,
  Testbed,
} from '../../src/testbed/index.ts';

/** Under full load until so many swaps are done; traffic is then ended, and what is on its way served. */
export async function runUntil(swaps: number, scenario: Scenario): Promise<Report> {
  const controller = new AbortController();
  return new Testbed({ frames: Number.MAX_SAFE_INTEGER, ...scenario }).run({
    signal: controller.signal,
    onProgress: (progress) => {
      if (progress.swaps >= swaps) controller.abort();
    },
  });
}

interface Order {
  readonly to: string;
  readonly parameters?: DriverParameters;
  readonly method?: SwapMethod;
}

/**
 * The one swap of the scenario's timetable, then these of the same device, each when the one before it has ended, however: on a slow
 * machine a swap that is due at a time may be refused, since another one is still under way.
 */
export async function runInTurn(
  scenario: Scenario,
  device: string,
  orders: readonly Order[],
): Promise<Report> {
  const running = await new Testbed(scenario).start();
  for await (const event of running.events()) if ('swap' in event) break;
  for (const { to, parameters, method = 'inplace' } of orders)
    await running.device(device).swap(to, parameters, { method });
  return running.stop();
}

/** Every card got traffic, and all of it arrived: whole, once, in order. */
export function expectLossless(report: Report): void {
  expect(report.violations).toEqual([]);
  expect(report.verdict).toBe('pass');
  for (const [name, card] of cardsOf(report)) {
    const { lost, duplicated, reordered, damaged, dropped } = card;
    const found = { name, lost, duplicated, reordered, damaged, dropped };
    expect(found).toEqual({ name, lost: 0, duplicated: 0, reordered: 0, damaged: 0, dropped: {} });
    expect(card.delivered).toBeGreaterThan(0);
    expect(card.delivered).toBe(card.offered);
  }
}

/** Events up to the first of a kind. */
export async function until(events: AsyncIterator<RunEvent>, kind: RunEvent['kind']): Promise<RunEvent[]> {
  const seen: RunEvent[] = [];
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error(`the run ended without ${kind}: ${JSON.stringify(seen)}`);
    seen.push(value);
    if (value.kind === kind) return seen;
  }
}

/** Resolves when so many frames and requests more were served, of all devices. Fails with the run. */
export async function served(running: RunningMachine, more: number): Promise<void> {
  const done = (): number =>
    Object.values(running.status().devices).reduce(
      (total, device) => total + (device.kind === 'card' ? device.delivered : device.completed),
      0,
    );
  const enough = done() + more;
  let failed: unknown;
  running.finished.catch((error: unknown) => {
    failed = error;
  });
  while (done() < enough) {
    if (failed !== undefined) throw failed;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
