/** Lines are told apart by colour and, where colours are not seen, by dashes. The colours are in page.css: --line-0 and on. */
import type { LinePlot } from '../results.ts';

/** Lengths of dashes and gaps, in pixels. */
export const DASHES: readonly (readonly number[])[] = [
  [],
  [9, 4],
  [2, 3],
  [12, 3, 2, 3],
  [5, 2],
  [14, 5],
  [8, 3, 2, 3, 2, 3],
  [1, 5],
];

/** A name has the same colour in all plots, unless another one of its plot has it already. */
export function colorsOf(plots: readonly LinePlot[]): number[][] {
  const names = [...new Set(plots.flatMap(({ series }) => series.map(({ name }) => name)))];
  return plots.map(({ series }) => {
    const taken = new Set<number>();
    return series.map(({ name }) => {
      let color = names.indexOf(name) % DASHES.length;
      while (taken.has(color) && taken.size < DASHES.length) color = (color + 1) % DASHES.length;
      taken.add(color);
      return color;
    });
  });
}

/** What the browser is given to draw. */
export interface DrawnPlot {
  readonly plot: LinePlot;
  readonly colors: readonly number[];
}
