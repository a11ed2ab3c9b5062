/** What the hot path allocates, what the collector does meanwhile, and what a card takes in memory. */
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, idsOf, valuesOf } from './collect.ts';
import { Cell } from './drain/cell.ts';
import type { Trial } from './drain/messages.ts';
import { startAll, trialsOf } from './drain/rounds.ts';
import { LiveCell } from './live/cell.ts';
import { machineFor } from './machines.ts';
import type { Figure } from './results.ts';
import { median } from './statistics.ts';
import { DRIVERS } from './traffic-kinds.ts';

const BARE = 'bare';
const MORE_CARDS = 9;
const QUICK_DRIVERS = ['polling'];
/** Until what runs every hundred turns is compiled too: before that, each double it looks at is allocated. */
const WARM = 50;

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const drivers = quick ? QUICK_DRIVERS : DRIVERS;
  const machine = (name: string) => machineFor({ size: 64, app: 'sink', duration: '1m', driver: { name } });
  const host = { kind: 'host', rehearsed: true } as const;
  const cells = await startAll({
    [BARE]: async () => Cell.start(await machine('polling'), { kind: 'bare', forwards: false, burst: 64 }),
    ...Object.fromEntries(
      drivers.map((driver) => [driver, async () => Cell.start(await machine(driver), host)]),
    ),
  });
  const trials = await trialsOf(cells, {
    warm: WARM,
    counted: quick ? 2 : 5,
    most: 0, // it counts bytes
    turns: quick ? 120 : 250,
  });
  const bare = median(trials.of(BARE).map(bytesPerMillion));
  collected.value(`memory/${BARE}/bytes`, bare);
  for (const driver of drivers) {
    collected.value(`memory/${driver}/bytes`, median(trials.of(driver).map(bytesPerMillion)) - bare);
    collected.value(
      `memory/${driver}/collections`,
      trials.of(driver).reduce((sum, trial) => sum + trial.collections, 0),
    );
  }
  for (const cell of Object.values(cells)) collected.ledgers.push((await cell.end()).ledger);
  const one = await residentBytes(collected, 1);
  const more = await residentBytes(collected, MORE_CARDS);
  collected.value('memory/card/resident', (more - one) / (MORE_CARDS - 1));
  return collected;
}

function bytesPerMillion({ heapBytes, frames }: Trial): number {
  return (heapBytes / frames.reduce((sum, count) => sum + count, 0)) * 1e6;
}

/** What the process has in memory while a machine of so many cards has traffic. */
async function residentBytes(collected: Collected, count: number): Promise<number> {
  const nics = Array.from({ length: count }, (_, i) => ({ name: `eth${i}` }));
  const before = process.memoryUsage().rss;
  const cell = await LiveCell.start(
    await machineFor({ size: 64, app: 'sink', driver: { name: 'polling' }, nics, duration: '1m' }),
  );
  await cell.trial({ pace: { kind: 'max' }, durationUs: 300_000 });
  const after = process.memoryUsage().rss;
  collected.ledgers.push(await cell.end());
  return after - before;
}

function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  const drivers = DRIVERS.filter((driver) => ids.includes(`memory/${driver}/bytes`));
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [
      {
        title: 'The CPU’s heap while frames are received, for a million frames',
        note: 'Beyond what the bare ring’s thread allocates, which is the measuring itself. Collections: of that thread, in all counted trials.',
        keys: ['driver'],
        columns: ['allocated', 'collections'],
        rows: [
          { keys: ['bare ring'], cells: [{ figure: `memory/${BARE}/bytes` }, { text: '' }] },
          ...drivers.map((driver) => ({
            keys: [driver],
            cells: [{ figure: `memory/${driver}/bytes` }, { figure: `memory/${driver}/collections` }],
          })),
        ],
      },
      {
        title: 'A card in memory',
        note: `Resident size of the process with ${MORE_CARDS} cards less that with one, for each card more: rings, packet buffers, packet buffer, stream, and what the two threads keep for it.`,
        keys: ['what'],
        columns: ['resident'],
        rows: [{ keys: ['one card more'], cells: [{ figure: 'memory/card/resident' }] }],
      },
    ],
    plots: [],
    goals: drivers.map((driver) => ({
      figure: `memory/${driver}/bytes`,
      text: `allocated by ${driver} for a million frames: fewer bytes than one in a thousand frames`,
      bound: 'at most' as const,
      goal: 1000,
    })),
    notes: [],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  return id.endsWith('/collections') ? { id, unit: 'count', values } : { id, unit: 'bytes', values };
}

export const memory: Bench = {
  name: 'memory',
  title: 'Memory and garbage',
  summary: 'Bytes allocated on the hot path, collections meanwhile, and the resident size of a card.',
  // What is allocated does not differ from process to process.
  processes: { full: 2, quick: 1 },
  seconds: { full: 23, quick: 9 },
  measure,
  show,
};
