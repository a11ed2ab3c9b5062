import type { BenchResult, Figure, MatrixPlot } from '../../../bench/results.ts';
import { summarise } from '../../../bench/statistics.ts';
import { cells, DRIVERS, type Lot, ledger, seriesOf } from './lot.ts';

const PAIRS = DRIVERS.flatMap((from) => DRIVERS.map((to): [string, string] => [from, to]));
const METHODS = ['in place', 'drain', 'reset'];

export function swap(lot: Lot): BenchResult {
  const loads = ['idle', 'half', 'full'];
  const figures: Figure[] = [];
  const add = (figure: Figure) => {
    figures.push(figure);
    return figure;
  };
  const pairTable = PAIRS.map(([from, to], index) => ({
    keys: [from, to],
    cells: cells(
      ...loads.flatMap((load, place) => [
        add(
          lot.figure(
            `swap/${load}/${from}-${to}/critical/p50`,
            'us',
            0.52 + index / 40 + place / 20,
            0.08,
            15,
          ),
        ),
        add(lot.figure(`swap/${load}/${from}-${to}/stall/p50`, 'us', 3.9 + index / 3 + place, 0.07, 15)),
        add(lot.figure(`swap/${load}/${from}-${to}/control/p50`, 'us', 2.8 + index / 4 + place, 0.07, 15)),
      ]),
    ),
  }));
  const methods = METHODS.map((method, index) => ({
    keys: [method],
    cells: [
      ...cells(
        add(lot.figure(`swap/${method}/stall/p50`, 'us', [4.8, 212, 1840][index], 0.05, 15)),
        add(lot.figure(`swap/${method}/stall/p99`, 'us', [41, 903, 6120][index], 0.12, 15)),
      ),
      ...(method === 'reset'
        ? cells(add({ id: 'swap/reset/lost', unit: 'frames', better: 'lower', values: [812, 804, 799, 840] }))
        : [{ text: 'none' }]),
    ],
  }));
  const p99 = add(lot.figure('swap/full/critical/p99', 'us', 11.8, 0.2, 15));
  const p50 = add(lot.figure('swap/full/critical/p50', 'us', 0.71, 0.05, 15));
  const over = add(lot.figure('swap/full/stall-over-control', 'us', 1.31, 0.1, 15));
  return {
    name: 'swap',
    title: 'Swap',
    summary:
      'Each ordered pair of drivers, at three loads: critical section, and stall beside its control, over at least 1,000 swaps.',
    seconds: 168.3,
    ledger: ledger(301_477_120, 81_000),
    figures,
    tables: [
      {
        title: 'Medians of 1,000 swaps each',
        keys: ['from', 'to'],
        columns: loads.flatMap((load) => [`critical, ${load}`, `stall, ${load}`, `control, ${load}`]),
        rows: pairTable,
      },
      {
        title: 'The same change in three ways, full load',
        keys: ['method'],
        columns: ['stall p50', 'stall p99', 'lost'],
        rows: methods,
      },
    ],
    plots: [pairMatrix(figures)],
    goals: [
      { figure: p50.id, text: 'critical section in place, p50', bound: 'at most', goal: 1 },
      { figure: p99.id, text: 'critical section in place, p99', bound: 'at most', goal: 10 },
      { figure: over.id, text: 'stall over its control, p50', bound: 'at most', goal: 3 },
    ],
    notes: ['At full load the ring of the reset method overflows; what it loses is counted by the card.'],
  };
}

function pairMatrix(figures: readonly Figure[]): MatrixPlot {
  return {
    kind: 'matrix',
    title: 'Stall by pair, full load, p50',
    note: 'Batching has no swap to itself at full load: its ring runs dry.',
    unit: 'us',
    rowLabel: 'from',
    columnLabel: 'to',
    rows: DRIVERS,
    columns: DRIVERS,
    values: DRIVERS.map((from) =>
      DRIVERS.map((to) => {
        const figure = figures.find(({ id }) => id === `swap/full/${from}-${to}/stall/p50`);
        return figure === undefined || (from === 'batching' && to === 'batching')
          ? null
          : summarise(figure.values).median * (from === 'interrupt' ? 9 : 1);
      }),
    ),
  };
}

export function traffic(lot: Lot): BenchResult {
  const rates = [0, 10, 100, 1000];
  const figures = rates.flatMap((rate) => [
    lot.figure(`traffic/${rate}/mpps`, 'Mpps', 1.62 - rate / 30_000, 0.03, 15, 'higher'),
    lot.figure(`traffic/${rate}/ratio`, 'ratio', 1 - rate / 60_000, 0.006, 15, 'higher'),
  ]);
  const residue = DRIVERS.map((driver, index) =>
    lot.figure(`traffic/residue/${driver}`, 'ratio', 0.991 - index / 50, 0.007, 15, 'higher'),
  );
  const times = Array.from({ length: 240 }, (_, index) => index * 2.5);
  const swaps = Array.from({ length: 29 }, (_, index) => 20 + index * 20);
  return {
    name: 'traffic',
    title: 'Cost to the traffic',
    summary: 'Throughput while drivers are swapped, and after a thousand swaps against a fresh start.',
    seconds: 96,
    ledger: ledger(188_220_416, 22_200),
    figures: [...figures, ...residue],
    tables: [
      {
        title: 'Throughput by swaps a second',
        keys: ['swaps/s'],
        columns: ['throughput', 'of that without'],
        rows: rates.map((rate, index) => ({
          keys: [rate.toLocaleString('en-US')],
          cells: cells(...figures.slice(index * 2, index * 2 + 2)),
        })),
      },
      {
        title: 'After 1,000 swaps, of a fresh start',
        keys: ['driver at the end'],
        columns: ['throughput'],
        rows: DRIVERS.map((driver, index) => ({ keys: [driver], cells: cells(residue[index]) })),
      },
    ],
    plots: [
      {
        kind: 'lines',
        title: 'Throughput over time',
        note: 'A swap every 20 ms.',
        x: { label: 'time, ms' },
        y: { label: 'Mpps' },
        series: [
          {
            name: 'swapped',
            x: times,
            y: times.map((ms) => (ms === 300 ? null : 1.5 + lot.next() / 6 - (ms % 20 === 0 ? 0.12 : 0))),
          },
          { name: 'control', x: times, y: times.map(() => 1.52 + lot.next() / 7) },
        ],
        marks: { name: 'swap', at: swaps },
      },
    ],
    goals: [
      {
        figure: 'traffic/1000/ratio',
        text: 'throughput at 1,000 swaps a second',
        bound: 'at least',
        goal: 0.97,
      },
      ...DRIVERS.map((driver) => ({
        figure: `traffic/residue/${driver}`,
        text: `throughput after 1,000 swaps that end in ${driver}`,
        bound: 'at least' as const,
        goal: 0.98,
      })),
    ],
    notes: [],
  };
}

export function lossFree(lot: Lot): BenchResult {
  const cases = ['no swaps', 'a swap every 10 ms', 'a resize every 100 ms'];
  const figures = cases.flatMap((name, index) => [
    lot.figure(`loss-free/${index}/kpps`, 'kpps', 1420 - index * 12, 0.02, 5, 'higher'),
    lot.figure(`loss-free/${index}/ratio`, 'ratio', 1 - index / 160, 0.004, 5, 'higher'),
    { id: `loss-free/${index}/${name}/bound`, unit: 'us' as const, values: [361] },
  ]);
  return {
    name: 'loss-free',
    title: 'Loss-free rate',
    summary:
      'The highest rate on an open link at which no frame is lost, after RFC 2544, in repeated trials.',
    seconds: 121.9,
    ledger: ledger(96_540_032, 4100),
    figures,
    tables: [
      {
        title: 'Rates without loss, 64 bytes',
        keys: ['case'],
        columns: ['rate', 'of no swaps', 'bound'],
        rows: cases.map((name, index) => ({
          keys: [name],
          cells: cells(...figures.slice(index * 3, index * 3 + 3)),
        })),
      },
    ],
    plots: [],
    goals: cases.slice(1).map((name, index) => ({
      figure: `loss-free/${index + 1}/ratio`,
      text: `loss-free rate with ${name}`,
      bound: 'at least' as const,
      goal: 0.98,
    })),
    notes: ['The bound is the time that free descriptors and the FIFO last at the rate offered.'],
  };
}

export function growth(lot: Lot): BenchResult {
  const places = Array.from({ length: 7 }, (_, power) => 64 * 2 ** power);
  const stalls = places.map((place) => lot.figure(`growth/occupancy/${place}/us`, 'us', 4.3, 0.05, 11));
  const controls = places.map((place) => lot.figure(`growth/control/${place}/us`, 'us', 3.1, 0.05, 11));
  const flat = lot.figure('growth/occupancy/slope', 'ratio', 1.07, 0.03, 11);
  const neighbour = lot.figure('growth/neighbour/p99', 'ratio', 1.012, 0.01, 11);
  return {
    name: 'growth',
    title: 'Growth',
    summary: 'How the stall grows with the frames in flight, and whether the neighbours of a card notice.',
    seconds: 58,
    ledger: ledger(77_001_216, 30_800),
    figures: [...stalls, ...controls, flat, neighbour],
    tables: [
      {
        title: 'Stall by frames in flight',
        keys: ['in flight'],
        columns: ['stall', 'control'],
        rows: places.map((place, index) => ({
          keys: [place.toLocaleString('en-US')],
          cells: cells(stalls[index], controls[index]),
        })),
      },
    ],
    plots: [
      {
        kind: 'lines',
        title: 'Stall against ring occupancy',
        x: { label: 'frames in flight', log: true },
        y: { label: 'stall p50, us' },
        series: [seriesOf('swap', places, stalls), seriesOf('control', places, controls)],
      },
    ],
    goals: [
      { figure: flat.id, text: 'stall at 4,096 in flight over that at 64', bound: 'at most', goal: 1.2 },
      {
        figure: neighbour.id,
        text: "p99 of a swapped card's neighbours over their own",
        bound: 'at most',
        goal: 1.05,
      },
    ],
    notes: [],
  };
}

export function memory(lot: Lot): BenchResult {
  const resident = lot.figure('memory/resident', 'bytes', 12_830_000, 0.02, 7);
  const figures: Figure[] = [
    { id: 'memory/allocated', unit: 'bytes', better: 'lower', values: [0, 0, 0, 0, 0, 0, 96] },
    { id: 'memory/collections', unit: 'count', better: 'lower', values: [0, 0, 0, 0, 0, 0, 0] },
    resident,
  ];
  return {
    name: 'memory',
    title: 'Memory and garbage',
    summary: 'What the hot path allocates, how often garbage is collected, what a card holds.',
    seconds: 22.5,
    ledger: ledger(50_000_000),
    figures,
    tables: [
      {
        title: 'Memory',
        keys: ['measure'],
        columns: ['found'],
        rows: [
          { keys: ['allocated, in a million frames'], cells: cells(figures[0]) },
          { keys: ['collections in a run'], cells: cells(figures[1]) },
          { keys: ['resident, a card'], cells: cells(resident) },
        ],
      },
    ],
    plots: [],
    goals: [
      { figure: 'memory/allocated', text: 'bytes allocated in a million frames', bound: 'at most', goal: 0 },
    ],
    notes: [],
  };
}
