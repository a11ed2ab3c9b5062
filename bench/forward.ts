/** What a forwarded frame costs the CPU: received, addresses exchanged, sent by a second card; beside the same by hand. */
import type { Bench, Measured, Shown } from './bench.ts';
import { Collected, valuesOf } from './collect.ts';
import { Cell } from './drain/cell.ts';
import { endAll, type Rounds, startAll, trialsOf } from './drain/rounds.ts';
import { forwarding } from './machines.ts';
import { burstOf } from './receive.ts';
import type { Figure, Series, Cell as TableCell } from './results.ts';
import { median } from './statistics.ts';
import { DRIVERS, TRAFFIC, trafficName } from './traffic-kinds.ts';

/** After seven rounds a frame still cost a tenth more than after twenty, and after sixty the same. */
const FULL: Rounds = { warm: 20, counted: 4, most: 10, turns: 57 };
const QUICK: Rounds = { warm: 16, counted: 4, most: 10, turns: 57 };
const BURSTS = [1, 4, 16, 64, 256];
const QUICK_BURSTS = [16];
const BARE = 'bare';
const LONG_ENOUGH = '1m';

async function measure(quick: boolean): Promise<Measured> {
  const collected = new Collected();
  const rounds = quick ? QUICK : FULL;
  for (const kind of quick ? ['64'] : Object.keys(TRAFFIC)) await measureDrivers(collected, kind, rounds);
  for (const burst of quick ? QUICK_BURSTS : BURSTS) await measureBurst(collected, burst, rounds);
  return collected.complete();
}

async function measureDrivers(collected: Collected, kind: string, rounds: Rounds): Promise<void> {
  const scenario = { ...TRAFFIC[kind], duration: LONG_ENOUGH };
  const machine = (name: string) => forwarding({ ...scenario, driver: { name } });
  const bare = { kind: 'bare', forwards: true, burst: burstOf('polling') } as const;
  const host = { kind: 'host', rehearsed: true } as const;
  const cells = await startAll({
    [BARE]: async () => Cell.start(await machine('polling'), bare),
    ...Object.fromEntries(
      DRIVERS.map((driver) => [driver, async () => Cell.start(await machine(driver), host)]),
    ),
  });
  const trials = await trialsOf(cells, rounds);
  collected.later(() => {
    collected.addTimed(trials.timed);
    for (const name of trials.names) {
      trials.recordNs(collected, `forward/${kind}/${name}/ns`, name);
      if (name !== BARE) trials.recordRatio(collected, `forward/${kind}/${name}/of-bare`, name, BARE);
    }
  });
  await endAll(cells, collected);
}

async function measureBurst(collected: Collected, burst: number, rounds: Rounds): Promise<void> {
  const parameters = { burst, refillBurst: burst };
  const machine = () =>
    forwarding({ size: 64, duration: LONG_ENOUGH, driver: { name: 'polling', parameters } });
  const cells = await startAll({
    [BARE]: async () => Cell.start(await machine(), { kind: 'bare', forwards: true, burst }),
    polling: async () => Cell.start(await machine(), { kind: 'host', rehearsed: true }),
  });
  const trials = await trialsOf(cells, rounds);
  collected.later(() => {
    collected.addTimed(trials.timed);
    const id = `forward/burst-${burst}`;
    for (const name of trials.names) trials.recordNs(collected, `${id}/${name}/ns`, name);
    trials.recordRatio(collected, `${id}/polling/of-bare`, 'polling', BARE);
  });
  await endAll(cells, collected);
}

function show(all: readonly Measured[]): Shown {
  const kinds = Object.keys(TRAFFIC).filter((kind) => valuesOf(all, `forward/${kind}/${BARE}/ns`).length > 0);
  const bursts = BURSTS.filter((burst) => valuesOf(all, `forward/burst-${burst}/${BARE}/ns`).length > 0);
  const ids = [
    ...kinds.flatMap((kind) => [
      `forward/${kind}/${BARE}/ns`,
      ...DRIVERS.flatMap((driver) => ['ns', 'of-bare'].map((what) => `forward/${kind}/${driver}/${what}`)),
    ]),
    ...bursts.flatMap((burst) =>
      [`${BARE}/ns`, 'polling/ns', 'polling/of-bare'].map((what) => `forward/burst-${burst}/${what}`),
    ),
  ];
  const series = (name: string, what: string): Series => ({
    name,
    x: bursts,
    y: bursts.map((burst) => median(valuesOf(all, `forward/burst-${burst}/${what}`))),
  });
  return {
    figures: ids.map((id) => figure(id, valuesOf(all, id))),
    tables: [
      {
        title: 'CPU time for a forwarded frame, one queue',
        note: 'Against bare: bare ring / driver, 1 is as fast.',
        keys: ['frames', 'forwarded by'],
        columns: ['a frame', 'against bare'],
        rows: kinds.flatMap((kind) =>
          [BARE, ...DRIVERS].map((name) => ({
            keys: [trafficName(kind), name === BARE ? 'bare ring' : name],
            cells: [
              { figure: `forward/${kind}/${name}/ns` },
              name === BARE ? { text: '' } : { figure: `forward/${kind}/${name}/of-bare` },
            ] satisfies TableCell[],
          })),
        ),
      },
      {
        title: 'By burst size, 64 bytes, polling',
        keys: ['burst'],
        columns: ['bare ring', 'polling', 'against bare'],
        rows: bursts.map((burst) => ({
          keys: [String(burst)],
          cells: [`${BARE}/ns`, 'polling/ns', 'polling/of-bare'].map((what) => ({
            figure: `forward/burst-${burst}/${what}`,
          })),
        })),
      },
    ],
    plots: [
      {
        kind: 'lines',
        title: 'CPU time for a forwarded frame of 64 bytes, by burst size',
        x: { label: 'frames in a burst', log: true },
        y: { label: 'ns a frame' },
        series: [series('bare ring', `${BARE}/ns`), series('polling', 'polling/ns')],
      },
    ],
    goals: [
      {
        figure: 'forward/64/polling/of-bare',
        text: 'polling against the bare ring, forwarding 64 bytes',
        bound: 'at least',
        goal: 0.8,
        least: 0.65,
      },
    ],
    notes: [],
  };
}

function figure(id: string, values: readonly number[]): Figure {
  return id.endsWith('/ns') ? { id, unit: 'ns', values } : { id, unit: 'ratio', better: 'higher', values };
}

export const forward: Bench = {
  name: 'forward',
  title: 'Forward path',
  summary:
    'CPU time that a forwarded frame costs: received, checked, MAC addresses swapped, sent by a second card; beside the same by hand.',
  processes: { full: 5, quick: 3 },
  seconds: { full: 58, quick: 11.5 },
  measure,
  show,
};
