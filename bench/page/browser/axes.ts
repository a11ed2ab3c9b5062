import type uPlot from 'uplot';
import type { Axis, LinePlot } from '../../results.ts';

/** More different places than this on the x axis are not each labelled. */
const PLACES_MOST = 10;
const TICKS_MOST = 7;
/** Room left beside the first and the last point of a logarithmic axis, as a factor. */
const MARGIN = 1.08;
/** An axis of less has hardly a tick to read it by. */
const NARROWEST = 3;

export function format(value: number): string {
  if (value !== 0 && (Math.abs(value) < 1e-5 || Math.abs(value) >= 1e7))
    return value.toExponential().replace('e+', 'e');
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}

/** Where there is nothing to draw, uPlot knows neither end of an axis. */
export function scaleOf({ log = false }: Axis, fromZero: boolean): uPlot.Scale {
  const between = (range: (min: number, max: number) => [number, number]): uPlot.Scale => ({
    time: false,
    range: (_, min: number | null, max: number | null) =>
      min === null || max === null ? [1, 10] : range(min, max),
  });
  if (log)
    return {
      ...between((min, max) => {
        const margin = Math.max(MARGIN, Math.sqrt(NARROWEST / (max / min)));
        return [min / margin, max * margin];
      }),
      distr: 3,
    };
  // A dip is as deep as it looks only where the axis begins at nothing.
  if (fromZero) return between((min, max) => [Math.min(0, min), max <= 0 ? 1 : max * 1.08]);
  return between((min, max) => {
    const margin = (max - min) / 60 || 1;
    return [min - margin, max + margin];
  });
}

/** Powers of ten, with 2 and 5 between them where there is room, or 3 where there is less, or not all of them. */
export function logTicks(min: number, max: number): number[] {
  const decades = Array.from(
    { length: Math.ceil(Math.log10(max)) - Math.floor(Math.log10(min)) + 1 },
    (_, index) => Math.floor(Math.log10(min)) + index,
  );
  const within = (mantissas: readonly number[], every = 1) =>
    decades
      .filter((decade) => decade % every === 0)
      .flatMap((decade) => mantissas.map((mantissa) => Number(`${mantissa}e${decade}`)))
      .filter((tick) => tick >= min && tick <= max);
  const finest = [[1, 1.5, 2, 3, 4, 5, 6, 8], [1, 2, 5], [1, 3], [1]].map((mantissas) => within(mantissas));
  const fitting = finest.find((ticks) => ticks.length <= TICKS_MOST);
  return fitting ?? within([1], Math.ceil(decades.length / TICKS_MOST));
}

/** Where measurements were made at a few places, these are what a reader looks for. */
export function placesOf({ series, x }: LinePlot): number[] | undefined {
  const places = [...new Set(series.flatMap((one) => one.x))].sort((a, b) => a - b);
  const even =
    x.log === true && places.every((place, index) => index === 0 || place >= places[index - 1] * 1.5);
  return even && places.length <= PLACES_MOST ? places : undefined;
}
