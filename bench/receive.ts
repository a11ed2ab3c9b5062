/** What a received frame costs the CPU, beside a ring emptied by hand; and what comes of it end to end. */
import { NIC_DRIVERS } from '../src/drivers/index.ts';
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, valuesOf } from './collect.ts';
import { Cell } from './drain/cell.ts';
import type { TimedTurns } from './drain/messages.ts';
import { endAll, type Rounds, startAll, trialsOf } from './drain/rounds.ts';
import type { Trials } from './drain/trials.ts';
import { LiveCell, type LiveTrial } from './live/cell.ts';
import { idleShare } from './live/occupancy.ts';
import { machineFor } from './machines.ts';
import type { Figure, ResultTable, Cell as TableCell } from './results.ts';
import { median } from './statistics.ts';
import { DRIVERS, TRAFFIC, trafficName } from './traffic-kinds.ts';

const FULL: Rounds = { warm: 25, counted: 5, most: 12, turns: 60 };
const QUICK: Rounds = { warm: 25, counted: 4, most: 10, turns: 60 };

interface LiveTimes {
  readonly warmUs: number;
  readonly trialUs: number;
  readonly trials: number;
}

const LIVE_FULL: LiveTimes = { warmUs: 120_000, trialUs: 40_000, trials: 2 };
const LIVE_QUICK: LiveTimes = { warmUs: 100_000, trialUs: 40_000, trials: 1 };
const BARE = 'bare';
const BARE_LEDGER = 'bare with ledger';
const NAMES: Readonly<Record<string, string>> = {
  [BARE]: 'bare ring',
  [BARE_LEDGER]: 'bare, ledger’s check',
};
const LONG_ENOUGH = '1m';

function isDriver(name: string): boolean {
  return name !== BARE && name !== BARE_LEDGER;
}

/** Frames that the built-in drivers take at a time. */
export function burstOf(driver: string): number {
  const definition = NIC_DRIVERS.find(({ name }) => name === driver);
  return definition?.parameters.find(({ name }) => name === 'burst')?.default ?? 1;
}

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const kinds = quick ? ['64'] : Object.keys(TRAFFIC);
  for (const kind of kinds) {
    await measureDraining(collected, kind, quick ? QUICK : FULL);
    for (const driver of DRIVERS) await measureLive(collected, kind, driver, quick ? LIVE_QUICK : LIVE_FULL);
  }
  return collected.complete();
}

async function measureDraining(collected: Collected, kind: string, rounds: Rounds): Promise<void> {
  const scenario = { ...TRAFFIC[kind], app: 'sink', duration: LONG_ENOUGH };
  const machine = (name: string) => machineFor({ ...scenario, driver: { name } });
  const bare = { kind: 'bare', forwards: false, burst: burstOf('polling') } as const;
  const host = { kind: 'host', rehearsed: true } as const;
  const cells = await startAll({
    [BARE]: async () => Cell.start(await machine('polling'), bare),
    [BARE_LEDGER]: async () => Cell.start(await machine('polling'), { ...bare, wholeLedger: true }),
    ...Object.fromEntries(
      DRIVERS.map((driver) => [driver, async () => Cell.start(await machine(driver), host)]),
    ),
  });
  const trials = await trialsOf(cells, rounds);
  collected.later(() => record(collected, kind, trials));
  await endAll(cells, collected);
}

function record(collected: Collected, kind: string, trials: Trials<TimedTurns>): void {
  collected.addTimed(trials.timed);
  for (const name of trials.names) {
    const id = `receive/${kind}/${name}`;
    trials.recordNs(collected, `${id}/ns`, name);
    if (name !== BARE) trials.recordRatio(collected, `${id}/of-bare`, name, BARE);
    if (isDriver(name)) trials.recordRatio(collected, `${id}/of-ledger`, name, BARE_LEDGER);
  }
}

async function measureLive(
  collected: Collected,
  kind: string,
  driver: string,
  { warmUs, trialUs, trials }: LiveTimes,
): Promise<void> {
  const cell = await LiveCell.start(
    await machineFor({ ...TRAFFIC[kind], driver: { name: driver }, app: 'sink', duration: LONG_ENOUGH }),
  );
  const pace = { kind: 'max' } as const;
  await cell.trial({ pace, durationUs: warmUs });
  const counted: LiveTrial[] = [];
  for (let i = 0; i < trials; i++) counted.push(await cell.trial({ pace, durationUs: trialUs }));
  collected.value(`receive/${kind}/${driver}/mpps`, median(counted.map(({ mpps }) => mpps)));
  collected.value(
    `receive/${kind}/${driver}/cpu-idle`,
    median(counted.map(({ cpu }) => idleShare(cpu.occupancy))),
  );
  collected.value(
    `receive/${kind}/${driver}/hardware-idle`,
    median(counted.map(({ hardware }) => idleShare(hardware.occupancy))),
  );
  collected.ledgers.push(await cell.end());
}

function show(all: readonly Measured[]): Shown {
  const kinds = Object.keys(TRAFFIC).filter((kind) => valuesOf(all, `receive/${kind}/${BARE}/ns`).length > 0);
  const ids = kinds.flatMap((kind) => [
    `receive/${kind}/${BARE}/ns`,
    ...['ns', 'of-bare'].map((what) => `receive/${kind}/${BARE_LEDGER}/${what}`),
    ...DRIVERS.flatMap((driver) =>
      ['ns', 'of-bare', 'of-ledger', 'mpps', 'cpu-idle', 'hardware-idle'].map(
        (what) => `receive/${kind}/${driver}/${what}`,
      ),
    ),
  ]);
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [draining(kinds), live(kinds)],
    plots: [],
    goals: [
      {
        figure: 'receive/64/polling/of-bare',
        text: 'polling against the bare ring at 64 bytes',
        bound: 'at least',
        goal: 0.85,
        least: 0.7,
      },
    ],
    notes: [],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  const what = id.slice(id.lastIndexOf('/') + 1);
  if (what === 'ns') return { id, unit: 'ns', values };
  if (what === 'of-bare' || what === 'of-ledger') return { id, unit: 'ratio', better: 'higher', values };
  return what === 'mpps' ? { id, unit: 'Mpps', values } : { id, unit: 'share', values };
}

function draining(kinds: readonly string[]): ResultTable {
  return {
    title: 'CPU time for a frame, one queue',
    note: 'The other core fills the rings, only draining is timed. Against bare: bare ring / driver, 1 is as fast. The bare ring looks at flow and number of each frame; with the ledger’s check, at all that the drivers’ frames are held against: a ratio to that one stands in the last column.',
    keys: ['frames', 'drained by'],
    columns: ['a frame', 'against bare', 'with ledger'],
    rows: kinds.flatMap((kind) =>
      [BARE, BARE_LEDGER, ...DRIVERS].map((name) => ({
        keys: [trafficName(kind), NAMES[name] ?? name],
        cells: [
          { figure: `receive/${kind}/${name}/ns` },
          name === BARE ? { text: '' } : { figure: `receive/${kind}/${name}/of-bare` },
          isDriver(name) ? { figure: `receive/${kind}/${name}/of-ledger` } : { text: '' },
        ] satisfies TableCell[],
      })),
    ),
  };
}

function live(kinds: readonly string[]): ResultTable {
  return {
    title: 'End to end, link at full rate',
    note: 'Idle: part of the time in which a thread found nothing to do. The card and the cable are one thread.',
    keys: ['frames', 'driver'],
    columns: ['delivered', 'CPU idle', 'hardware idle'],
    rows: kinds.flatMap((kind) =>
      DRIVERS.map((driver) => ({
        keys: [trafficName(kind), driver],
        cells: ['mpps', 'cpu-idle', 'hardware-idle'].map((what) => ({
          figure: `receive/${kind}/${driver}/${what}`,
        })),
      })),
    ),
  };
}

export const receive: Bench = {
  name: 'receive',
  title: 'Receive path',
  summary:
    'CPU time that a received frame costs, with the application that checks and drops it, beside the same ring emptied by hand.',
  processes: { full: 5, quick: 3 },
  seconds: { full: 55, quick: 12.5 },
  measure,
  show,
};
