/** How long all devices of a machine stand still when they pass to another CPU: when it is asked for, and when a thread ends. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { HandoverResult, RunEvent } from '../src/testbed/run-events.ts';
import type { RunningMachine } from '../src/testbed/running.ts';
import type { Scenario } from '../src/testbed/scenario.ts';
import { Testbed } from '../src/testbed/testbed.ts';
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, idsOf, valuesOf } from './collect.ts';
import { wakeups } from './handover/park.ts';
import { ledgerOf } from './ledger.ts';
import type { Figure, ResultTable } from './results.ts';
import { quantile } from './statistics.ts';
import { QUANTILES } from './swap-quantiles.ts';

interface Amount {
  /** Passages that do not count: the first ones on each thread are compiled in the pause. */
  readonly warm: number;
  readonly handovers: number;
  /** Each costs the start of a thread. */
  readonly kills: number;
  /** Each costs two trials of the driver in the simulation: seconds. */
  readonly loads: number;
}

const FULL: Amount = { warm: 20, handovers: 150, kills: 8, loads: 3 };
const QUICK: Amount = { warm: 10, handovers: 20, kills: 2, loads: 0 };
const MACHINE: Scenario = {
  size: 64,
  nics: [{ name: 'eth0', app: 'sink', driver: { name: 'polling' } }],
};
/** Frames between two passages. */
const FRAMES = 5000;
const WAYS = {
  handover: 'handover, the other CPU spinning',
  adoption: 'of that, taking the devices over',
  swap: 'a null swap in place',
  control: 'its control: nothing done',
  loading: 'loading a driver on the CPU that serves',
  swapThere: 'and the swap to it, warmed there too',
  swapAfter: 'a swap to it that another CPU has loaded and warmed',
  wakeup: 'waking a parked thread alone',
  recovery: 'a thread that ended, from when its end was seen',
  death: 'the same, from when it was told to end',
};

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const { warm, handovers, kills, loads } = quick ? QUICK : FULL;
  const running = await new Testbed({ ...MACHINE, standby: true }).start();
  const passed: HandoverResult[] = [];
  const stallsUs: number[] = [];
  for (let i = 0; i < warm + handovers; i++) {
    await served(running, FRAMES);
    const { outcome, stallUs } = await running.nic('eth0').swap('polling');
    await served(running, FRAMES);
    const result = await running.handOver();
    if (i < warm) continue;
    passed.push(result);
    if (outcome === 'done') stallsUs.push(stallUs);
  }
  const recoveries = await killed(running, kills);
  const elsewhere = await loaded(running, loads);
  const report = await running.stop();
  collected.ledgers.push(ledgerOf(report));
  const inPlace = await loadedInPlace(collected, loads);
  record(collected, 'loading', inPlace.stillsUs);
  record(collected, 'swapThere', inPlace.stallsUs);
  record(collected, 'swapAfter', elsewhere.stallsUs);
  const pausesUs = passed.map(({ pauseUs }) => pauseUs);
  const controlUs = report.swaps.controlStallUs;
  record(collected, 'handover', pausesUs);
  record(
    collected,
    'adoption',
    passed.map(({ adoptionUs }) => adoptionUs),
  );
  record(collected, 'swap', stallsUs);
  record(collected, 'wakeup', await wakeups(handovers));
  record(
    collected,
    'recovery',
    recoveries.map(({ pauseUs }) => pauseUs),
  );
  record(
    collected,
    'death',
    recoveries.map(({ deathUs }) => deathUs),
  );
  collected.value('handover/control/p50', controlUs.p50);
  collected.value('handover/over', quantile(pausesUs, 0.5) - controlUs.p50);
  return collected;
}

/** A driver of the user's own, each time in another version: for the machine each is one that it has never seen. */
const OWN_DRIVER = (version: number) => `
import { NIC_DRIVERS, RingDriver } from 'ringswap';
const { create, ...polling } = NIC_DRIVERS.find(({ name }) => name === 'polling');
class OwnDriver extends RingDriver {
  activate() {
    this.moderate(0);
  }
  poll(budget) {
    let frames = 0;
    for (const ring of this.rx) {
      frames += this.receive(ring, budget);
      ring.refill();
    }
    for (const ring of this.tx) ring.reclaim();
    return frames;
  }
  interrupt() {}
  idle() {
    return false;
  }
}
export default {
  ...polling,
  name: 'own',
  version: '1.0.${version}',
  create: (environment, parameters) => new OwnDriver(environment, parameters),
};
`;

/** How long the CPU stood still for each load, and each swap to what was loaded. */
async function loaded(
  running: RunningMachine,
  loads: number,
): Promise<{ readonly stillsUs: number[]; readonly stallsUs: number[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'ringswap-bench-'));
  const file = join(folder, 'own.mjs');
  const events = running.events();
  const stillsUs: number[] = [];
  const stallsUs: number[] = [];
  try {
    for (let version = 0; version < loads; version++) {
      writeFileSync(file, OWN_DRIVER(version));
      await served(running, FRAMES);
      const { outcome, stallUs } = await running.nic('eth0').swap(file);
      if (outcome === 'done') stallsUs.push(stallUs);
      stillsUs.push((await next(events, 'load')).stillUs);
      await running.nic('eth0').swap('polling');
    }
  } finally {
    await events.return?.();
    rmSync(folder, { recursive: true });
  }
  return { stillsUs, stallsUs };
}

async function loadedInPlace(collected: Collected, loads: number): ReturnType<typeof loaded> {
  if (loads === 0) return { stillsUs: [], stallsUs: [] };
  const running = await new Testbed(MACHINE).start();
  const times = await loaded(running, loads);
  collected.ledgers.push(ledgerOf(await running.stop()));
  return times;
}

/** Ends the serving thread so many times. */
async function killed(
  running: RunningMachine,
  kills: number,
): Promise<{ readonly pauseUs: number; readonly deathUs: number }[]> {
  const events = running.events();
  const pauses: { pauseUs: number; deathUs: number }[] = [];
  for (let i = 0; i < kills; i++) {
    await running.handOver(); // waits until somebody stands by again
    await served(running, FRAMES);
    const { elapsedMs } = running.status();
    await running.killCpu();
    const { atMs, handover } = await next(events, 'recovery');
    pauses.push({ pauseUs: handover.pauseUs, deathUs: (atMs - elapsedMs) * 1000 });
  }
  await events.return?.();
  return pauses;
}

type EventOf<K extends RunEvent['kind']> = Extract<RunEvent, { kind: K }>;

async function next<K extends RunEvent['kind']>(
  events: AsyncIterator<RunEvent>,
  kind: K,
): Promise<EventOf<K>> {
  const isWanted = (event: RunEvent): event is EventOf<K> => event.kind === kind;
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Error(`the run ended before its ${kind}`);
    if (isWanted(value)) return value;
  }
}

/** Resolves when so many frames more were delivered. Rejects when the run ends before. */
async function served(running: RunningMachine, frames: number): Promise<void> {
  const delivered = () => {
    const { eth0 } = running.status().devices;
    return eth0?.kind === 'card' ? eth0.delivered : 0;
  };
  const enough = delivered() + frames;
  // Nothing ends it but a failure, which is what a race with its end tells.
  while (delivered() < enough)
    await Promise.race([running.finished, new Promise((resolve) => setTimeout(resolve, 1))]);
}

function record(collected: Collected, what: string, valuesUs: readonly number[]): void {
  if (valuesUs.length === 0) return;
  for (const [name, part] of Object.entries(QUANTILES))
    collected.value(`handover/${what}/${name}`, quantile(valuesUs, part));
}

function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [table(ids)],
    plots: [],
    goals: [
      {
        figure: 'handover/over',
        text: 'handover to a CPU that spins, over its control, p50',
        bound: 'at most',
        goal: 15,
      },
    ],
    notes: [
      `${availableParallelism()} cores: where there are two, the hardware thread and both CPUs share them while a handover lasts.`,
    ],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  const compared = id === 'handover/handover/p50' || id === 'handover/adoption/p50';
  return compared ? { id, unit: 'us', better: 'lower', values } : { id, unit: 'us', values };
}

function table(ids: readonly string[]): ResultTable {
  return {
    title: 'From the last step of one CPU to the end of the other’s first one; one card, polling, full load',
    note: 'Beside it the stall of a null swap in place on the same machine, and its control.',
    keys: ['what'],
    columns: Object.keys(QUANTILES),
    rows: Object.entries(WAYS)
      .filter(([what]) => ids.includes(`handover/${what}/p50`))
      .map(([what, text]) => ({
        keys: [text],
        cells: Object.keys(QUANTILES).map((part) => {
          const id = `handover/${what}/${part}`;
          return ids.includes(id) ? { figure: id } : { text: '' };
        }),
      })),
  };
}

export const handover: Bench = {
  name: 'handover',
  title: 'Handover',
  summary:
    'The pause when all devices pass to a CPU that stands by, beside a swap in place and the wakeup of a parked thread; and when the serving thread is ended.',
  processes: { full: 2, quick: 1 },
  seconds: { full: 40, quick: 9 },
  measure,
  show,
};
