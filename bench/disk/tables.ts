/** How disks are shown: CPU time for a command, IOPS and latency, and what batching and a buffer do. */
import { DISK_DRIVERS } from '../../src/drivers/index.ts';
import type { Measured, Shown } from '../bench.ts';
import { idsOf, valuesOf } from '../collect.ts';
import type { Cell, Figure, LinePlot, ResultTable, Series } from '../results.ts';
import { median } from '../statistics.ts';
import { BUFFERS, MEDIA_DEPTHS, MEDIA_DRIVERS, MEDIA_LOADS, TIMING } from './media.ts';

export const DISK_NAMES: readonly string[] = DISK_DRIVERS.map(({ name }) => name);
export const DEPTHS = [1, 4, 32, 128];
export const BARE = 'bare';
export const BARE_LEDGER = 'bare with ledger';

const NAMES: Readonly<Record<string, string>> = {
  [BARE]: 'bare queue pair',
  [BARE_LEDGER]: 'bare, ledger’s check',
};
const EVERYBODY = [BARE, BARE_LEDGER, ...DISK_NAMES];
const LOAD_NAMES = { randread: 'random reads', randrw: 'random reads and writes' } as const;

type Known = (id: string) => boolean;

export function show(all: readonly Measured[]): Shown {
  const ids = idsOf(all);
  const known: Known = (id) => ids.includes(id);
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [draining(known), live(known), mediaIops(known), mediaCosts(known)],
    plots: [distance(all, known)],
    goals: [
      {
        figure: 'disk/randread/32/polling/of-bare',
        text: 'IOPS of polling against the bare queue pair, random reads of 4 KiB at depth 32',
        bound: 'at least',
        goal: 0.8,
      },
    ],
    notes: [
      'End to end the disk sets the pace; what a command costs the CPU has no goal: the ledger alone costs more than the bare queue pair.',
      'Every block that is read is checked, by its header and two words of each 512 bytes; one in 256 is compared whole. A driver’s are held against what was written last, too.',
    ],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  const what = id.slice(id.lastIndexOf('/') + 1);
  if (what === 'ns') return { id, unit: 'ns', values };
  if (what === 'kiops') return { id, unit: 'kIOPS', values };
  if (what === 'cpu-idle') return { id, unit: 'share', values };
  if (what === 'of-interrupt') return { id, unit: 'ratio', values };
  return what.startsWith('of-')
    ? { id, unit: 'ratio', better: 'higher', values }
    : { id, unit: 'us', values };
}

function cell(id: string, known: Known): Cell {
  return known(id) ? { figure: id } : { text: '' };
}

function draining(known: Known): ResultTable {
  return {
    title: 'CPU time for a random read of 4 KiB, one queue pair',
    note: 'Taking what is done and checking it, and asking for as much: the disk has done all of it, and stands still meanwhile. Against bare: bare queue pair / driver, 1 is as fast. The bare queue pair looks at the header of each block and at two words of each 512 bytes; with the ledger’s check it spoils buffers and keeps a model of what each block may hold, by the ledger’s own code.',
    keys: ['depth', 'asked by'],
    columns: ['a command', 'against bare', 'with ledger'],
    rows: DEPTHS.filter((depth) => known(`disk/drained/${depth}/${BARE}/ns`)).flatMap((depth) =>
      EVERYBODY.map((name) => ({
        keys: [String(depth), NAMES[name] ?? name],
        cells: ['ns', 'of-bare', 'of-ledger'].map((what) =>
          cell(`disk/drained/${depth}/${name}/${what}`, known),
        ),
      })),
    ),
  };
}

function live(known: Known): ResultTable {
  const columns = [
    ['IOPS', 'kiops'],
    ['against bare', 'of-bare'],
    ['p50', 'p50'],
    ['p99', 'p99'],
    ['p99.9', 'p99.9'],
    ['CPU idle', 'cpu-idle'],
  ];
  return {
    title: 'End to end, 4 KiB, media that take no time',
    note: 'The disk is a thread that copies 4 KiB for each command: at depth 32 the CPU mostly waits for it. Latency is from when the workload has a request ready to when it is checked. batching holds commands back for up to 50 us if there are fewer than 32.',
    keys: ['load', 'depth', 'asked by'],
    columns: columns.map(([head]) => head),
    rows: (['randread', 'randrw'] as const).flatMap((rw) =>
      DEPTHS.filter((depth) => known(`disk/${rw}/${depth}/polling/kiops`)).flatMap((depth) =>
        EVERYBODY.filter((name) => known(`disk/${rw}/${depth}/${name}/kiops`)).map((name) => ({
          keys: [LOAD_NAMES[rw], String(depth), NAMES[name] ?? name],
          cells: columns.map(([, what]) => cell(`disk/${rw}/${depth}/${name}/${what}`, known)),
        })),
      ),
    ),
  };
}

function mediaRows(known: Known, columns: readonly (readonly [string, string])[]): ResultTable['rows'] {
  return Object.keys(MEDIA_LOADS).flatMap((load) =>
    MEDIA_DEPTHS.map((depth) => ({
      keys: [load, String(depth)],
      cells: columns.map(([driver, what]) => cell(`disk/media/${load}/${depth}/${driver}/${what}`, known)),
    })),
  );
}

function mediaIops(known: Known): ResultTable {
  const { readUs, writeUs, flushUs, megabytesPerSecond, jitter } = TIMING;
  return {
    title: 'Batching and a buffer, on media that take their time: IOPS',
    note: `A read takes ${readUs} us, a write ${writeUs}, a flush ${flushUs}, each up to ${jitter * 100} % longer; ${megabytesPerSecond.toLocaleString('en-US')} MB/s. buffered has ${BUFFERS} pages and reads 8 ahead; batching merges neighbours. Beyond 1 is better than interrupt.`,
    keys: ['4 KiB each', 'depth'],
    columns: ['interrupt', 'batching / interrupt', 'buffered / interrupt'],
    rows: mediaRows(known, [
      ['interrupt', 'kiops'],
      ['batching', 'of-interrupt'],
      ['buffered', 'of-interrupt'],
    ]),
  };
}

function mediaCosts(known: Known): ResultTable {
  const columns = ['p50', 'cpu-us'].flatMap((what) => MEDIA_DRIVERS.map((driver) => [driver, what] as const));
  return {
    title: 'The same: latency, and the CPU’s time',
    note: 'CPU: the part of its time in which it worked, or had to look for work, over the requests that were done.',
    keys: ['4 KiB each', 'depth'],
    columns: columns.map(([driver, what]) => `${driver} ${what === 'p50' ? 'p50' : 'CPU'}`),
    rows: mediaRows(known, columns),
  };
}

/** IOPS by depth, of all who were measured at more than one. */
function distance(all: readonly Measured[], known: Known): LinePlot {
  const depths = DEPTHS.filter((depth) => known(`disk/randread/${depth}/${BARE}/kiops`));
  const series = [BARE, ...DISK_NAMES].map(
    (name): Series => ({
      name: NAMES[name] ?? name,
      x: depths,
      y: depths.map((depth) => {
        const values = valuesOf(all, `disk/randread/${depth}/${name}/kiops`);
        return values.length === 0 ? null : median(values);
      }),
    }),
  );
  return {
    kind: 'lines',
    title: 'Random reads of 4 KiB, end to end',
    x: { label: 'depth', log: true },
    y: { label: 'kIOPS' },
    series,
  };
}
