import uPlot from 'uplot';
import type { LinePlot, Series } from '../../results.ts';
import { DASHES, type DrawnPlot } from '../palette.ts';
import { format, logTicks, placesOf, scaleOf } from './axes.ts';
import { Legend } from './legend.ts';
import { marks } from './marks.ts';
import { type Theme, themeOf } from './theme.ts';

export interface Drawing {
  remove(): void;
}

const HEIGHT = { wide: 300, narrow: 250 };
const NARROW = 520;
/** uPlot has three series for each of ours: the line, and the two ends of its band. */
const EACH = 3;
/** Lines of no more points than this have them marked; of more than that, they are thinner. */
const POINTS_MOST = 16;
const DENSE = 100;
const Y_AXIS = 56;

export function draw({ plot, colors }: DrawnPlot, place: HTMLElement, list: HTMLElement): Drawing {
  const theme = themeOf(place);
  const legend = new Legend(plot, list);
  const chart = new uPlot(optionsOf(plot, colors, theme, sizeOf(place), legend), dataOf(plot), place);
  const resized = new ResizeObserver(() => chart.setSize(sizeOf(place)));
  resized.observe(place);
  const abort = new AbortController();
  const { signal } = abort;
  legend.onToggle = (series, show) => {
    for (let part = 0; part < EACH; part++) chart.setSeries(1 + series * EACH + part, { show });
  };
  legend.listen(signal);
  place.addEventListener('keydown', (event) => moveCursor(chart, event), { signal });
  place.addEventListener('blur', () => chart.setCursor({ left: -10, top: -10 }), { signal });
  return {
    remove() {
      abort.abort();
      resized.disconnect();
      chart.destroy();
    },
  };
}

function sizeOf({ clientWidth }: HTMLElement): { width: number; height: number } {
  return { width: clientWidth, height: clientWidth < NARROW ? HEIGHT.narrow : HEIGHT.wide };
}

/** Lines over different places get one axis. Where a line has no point it goes on; null is a gap. */
function dataOf({ series, x, y }: LinePlot): uPlot.AlignedData {
  if (series.length === 0) return [[]];
  return uPlot.join(
    series.map((one): uPlot.AlignedData => {
      const shown = (value: number | null | undefined) =>
        value === undefined || (y.log === true && value !== null && value <= 0) ? null : value;
      const kept = one.x.map((at, place) => ({ at, place })).filter(({ at }) => x.log !== true || at > 0);
      const points = (values: Series['y'] | undefined) => kept.map(({ place }) => shown(values?.[place]));
      return sorted([kept.map(({ at }) => at), points(one.y), points(one.low), points(one.high)]);
    }),
  );
}

/** uPlot wants its x axis ascending. */
function sorted(data: [number[], ...(number | null)[][]]): uPlot.AlignedData {
  const order = data[0].map((_, index) => index).sort((a, b) => data[0][a] - data[0][b]);
  const [at, ...values] = data;
  return [order.map((index) => at[index]), ...values.map((column) => order.map((index) => column[index]))];
}

function optionsOf(
  plot: LinePlot,
  colors: readonly number[],
  theme: Theme,
  size: { width: number; height: number },
  legend: Legend,
): uPlot.Options {
  const axis = { stroke: theme.muted, font: theme.font, labelFont: theme.font };
  const grid = { stroke: theme.hairline, width: 1 };
  const places = placesOf(plot);
  const values = (_: uPlot, splits: number[]) => splits.map((split) => (split === null ? '' : format(split)));
  const ticksOf = (scale: string) => (chart: uPlot) => {
    const { min = 1, max = 10 } = chart.scales[scale];
    return logTicks(min, max);
  };
  // The ends of a band have none.
  const fillOf = (index: number) =>
    (index - 1) % EACH === 0 ? theme.lines[colors[(index - 1) / EACH]] : 'transparent';
  const logAxis = (scale: string) => ({
    splits: ticksOf(scale),
    filter: (_: uPlot, splits: number[]) => splits,
  });
  return {
    ...size,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    scales: { x: scaleOf(plot.x, false), y: scaleOf(plot.y, true) },
    axes: [
      {
        ...axis,
        values,
        label: plot.x.log === true ? `${plot.x.label} (log scale)` : plot.x.label,
        size: 30,
        labelSize: 22,
        grid: { show: false },
        ticks: { ...grid, size: 5 },
        ...(plot.x.log === true ? logAxis('x') : {}),
        ...(places === undefined ? {} : { splits: () => places }),
      },
      {
        ...axis,
        values,
        size: Y_AXIS,
        grid,
        ticks: { show: false },
        ...(plot.y.log === true ? logAxis('y') : {}),
      },
    ],
    series: [{}, ...plot.series.flatMap((one, index) => linesOf(one, colors[index], theme))],
    bands: plot.series.map((_, index) => ({
      series: [3 + index * EACH, 2 + index * EACH],
      fill: `${theme.lines[colors[index]]}26`,
    })),
    cursor: {
      y: false,
      points: { size: 9, width: 0, fill: (_, index) => fillOf(index) },
      // The nearest point that a line has, not the gap that another one's places leave in it.
      hover: { skip: [undefined, null], prox: null },
      drag: { x: false, y: false },
    },
    hooks: {
      drawClear: [marks(plot, theme)],
      setLegend: [(chart) => legend.show(chart, EACH)],
    },
  };
}

function linesOf({ name, x }: Series, color: number, theme: Theme): uPlot.Series[] {
  const stroke = theme.lines[color];
  const end: uPlot.Series = { stroke: 'transparent', width: 0, points: { show: false } };
  const few = x.length <= POINTS_MOST;
  return [
    {
      label: name,
      stroke,
      width: x.length <= DENSE ? 2 : 1.5,
      dash: [...DASHES[color]],
      points: few ? { show: true, size: 7, width: 2, stroke, fill: theme.background } : { show: false },
    },
    end,
    end,
  ];
}

/** Arrow keys go from point to point, Home and End to the first and last, as the mouse does. */
function moveCursor(chart: uPlot, event: KeyboardEvent): void {
  const [places] = chart.data;
  const last = places.length - 1;
  const now = chart.cursor.idx ?? -1;
  const moves: Readonly<Record<string, number>> = {
    ArrowLeft: Math.max(0, now - 1),
    ArrowRight: Math.min(last, now + 1),
    Home: 0,
    End: last,
  };
  const next = moves[event.key];
  if (next === undefined || last < 0) return;
  event.preventDefault();
  chart.setCursor({ left: chart.valToPos(places[next], 'x'), top: 10 });
}
