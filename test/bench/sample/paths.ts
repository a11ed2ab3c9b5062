import type { BenchResult, Figure, ResultTable } from '../../../bench/results.ts';
import { cells, DRIVERS, type Lot, ledger, seriesOf } from './lot.ts';

export function receive(lot: Lot): BenchResult {
  const sizes = ['64', '512', '1518', 'capture'];
  const costs: Readonly<Record<string, number>> = { interrupt: 29.4, polling: 21.3, batching: 23.8 };
  const figures: Figure[] = [];
  const add = (figure: Figure) => {
    figures.push(figure);
    return figure;
  };
  const rows: ResultTable['rows'][number][] = sizes.flatMap((size, index) => [
    {
      keys: [size, 'bare ring'],
      cells: [
        ...cells(add(lot.figure(`receive/${size}/bare/ns`, 'ns', 19.2 + index * 1.1, 0.02))),
        { text: '' },
        ...cells(add(lot.figure(`receive/${size}/bare/mpps`, 'Mpps', 4.02 - index / 3, 0.05, 11, 'higher'))),
        { text: '' },
      ],
    },
    ...DRIVERS.map((driver) => ({
      keys: [size, driver],
      cells: cells(
        add(lot.figure(`receive/${size}/${driver}/ns`, 'ns', costs[driver] + index * 1.3, 0.02)),
        add(lot.figure(`receive/${size}/${driver}/ratio`, 'ratio', costs[driver] / 19.2, 0.012)),
        add(
          lot.figure(
            `receive/${size}/${driver}/mpps`,
            'Mpps',
            61 / costs[driver] - index / 3,
            0.05,
            11,
            'higher',
          ),
        ),
        add(lot.figure(`receive/${size}/${driver}/idle`, 'share', 0.34, 0.1, 11, 'higher')),
      ),
    })),
  ]);
  return {
    name: 'receive',
    title: 'Receive path',
    summary:
      'CPU time that a driver takes for a frame, while the other core fills the ring and only draining is timed. The bare ring does the same by hand, without registers, validation, host or application.',
    seconds: 84.2,
    ledger: ledger(412_880_384),
    figures,
    tables: [
      {
        title: 'Cost of a frame, one queue',
        note: 'Interleaved trials in eleven fresh processes.',
        keys: ['frame, bytes', 'driver'],
        columns: ['CPU', 'of bare ring', 'end to end', 'CPU idle'],
        rows,
      },
    ],
    plots: [],
    goals: [
      {
        figure: 'receive/64/polling/ratio',
        text: 'polling driver beside the bare ring, 64 bytes',
        bound: 'at most',
        goal: 1 / 0.85,
        least: 1 / 0.7,
      },
    ],
    notes: ['End-to-end rates are bounded by the emulated card, which fills one ring at 4.1 Mpps alone.'],
  };
}

export function forward(lot: Lot): BenchResult {
  const bursts = Array.from({ length: 9 }, (_, power) => 2 ** power);
  const curve = (driver: number, burst: number) => 42 + driver * 5 + (95 + driver * 22) / burst;
  const figures = DRIVERS.flatMap((driver, index) =>
    bursts.map((burst) => lot.figure(`forward/${burst}/${driver}/ns`, 'ns', curve(index, burst), 0.03)),
  );
  const ratio = lot.figure('forward/64/polling/ratio', 'ratio', 0.78, 0.012, 11, 'higher');
  const named = (driver: string) => figures.filter(({ id }) => id.includes(`/${driver}/`));
  return {
    name: 'forward',
    title: 'Forward path',
    summary: 'Receive, swap the MAC addresses, transmit on a second card; at bursts of 1 to 256 frames.',
    seconds: 71,
    ledger: ledger(208_001_024),
    figures: [...figures, ratio],
    tables: [
      {
        title: 'CPU time for a frame of 64 bytes, by burst',
        keys: ['driver'],
        columns: bursts.map(String),
        rows: DRIVERS.map((driver) => ({ keys: [driver], cells: cells(...named(driver)) })),
      },
    ],
    plots: [
      {
        kind: 'lines',
        title: 'Cost of a frame by burst size',
        note: 'Band: quartiles.',
        x: { label: 'burst, frames', log: true },
        y: { label: 'CPU for a frame, ns', log: true },
        series: DRIVERS.map((driver) => seriesOf(driver, bursts, named(driver))),
      },
    ],
    goals: [
      {
        figure: ratio.id,
        text: 'bare ring over polling driver',
        bound: 'at least',
        goal: 0.8,
        least: 0.65,
      },
    ],
    notes: [],
  };
}

export function latency(lot: Lot): BenchResult {
  const loads = [10, 50, 90];
  const base: Readonly<Record<string, number>> = { interrupt: 7.2, polling: 2.4, batching: 31 };
  const quantiles: readonly [name: string, factor: number][] = [
    ['p50', 1],
    ['p99', 3.4],
    ['p99.9', 21],
    ['max', 640],
  ];
  const figures: Figure[] = [];
  const rows = loads.flatMap((load) =>
    DRIVERS.map((driver) => {
      const busy = driver === 'polling' ? 1 : (load / 100) * (driver === 'interrupt' ? 0.82 : 0.61);
      const own = [
        ...quantiles.map(([name, factor]) =>
          lot.figure(
            `latency/${load}/${driver}/${name}`,
            'us',
            base[driver] * factor * (1 + load / 150),
            0.06,
            9,
          ),
        ),
        lot.figure(`latency/${load}/${driver}/busy`, 'share', busy, 0.01, 9),
      ];
      figures.push(...own);
      return { keys: [`${load} %`, driver], cells: cells(...own) };
    }),
  );
  const places = Array.from({ length: 60 }, (_, index) => 10 ** (-(index / 59) * 5));
  return {
    name: 'latency',
    title: 'Latency',
    summary:
      'From the cable to the application at 10, 50 and 90 % of the loss-free rate, with the share of its core that each driver takes for it.',
    seconds: 102.4,
    ledger: ledger(38_112_000),
    figures,
    tables: [
      {
        title: 'Latency and CPU',
        keys: ['load', 'driver'],
        columns: [...quantiles.map(([name]) => name), 'CPU busy'],
        rows,
      },
    ],
    plots: [
      {
        kind: 'lines',
        title: 'Frames later than this, at half load',
        x: { label: 'latency, us', log: true },
        y: { label: 'share of frames', log: true },
        series: DRIVERS.map((driver, index) => ({
          name: driver,
          x: places.map((place) => base[driver] * place ** (-0.42 - index * 0.04)),
          y: places,
        })),
      },
      {
        kind: 'lines',
        title: 'Median latency against CPU time spent',
        x: { label: 'core busy, %' },
        y: { label: 'latency p50, us', log: true },
        series: DRIVERS.map((driver) => ({
          name: driver,
          x: driver === 'polling' ? [98.9, 99.4, 100] : loads.map((load) => load * 0.8),
          y: loads.map((load) => base[driver] * (1 + load / 150)),
        })),
      },
    ],
    goals: [],
    notes: ['The maximum is that of the machine: the thread lost its core for as long.'],
  };
}
