import type uPlot from 'uplot';
import type { LinePlot } from '../../results.ts';
import { format } from './axes.ts';

/** Names of the lines, which hide and show them, and their values under the cursor. */
export class Legend {
  readonly #plot: LinePlot;
  readonly #buttons: readonly HTMLButtonElement[];
  readonly #at: HTMLElement | null;
  onToggle: (series: number, show: boolean) => void = () => {};

  constructor(plot: LinePlot, list: HTMLElement) {
    this.#plot = plot;
    this.#buttons = [...list.querySelectorAll('button')];
    this.#at = list.querySelector('.at output');
    // A plot that is drawn again shows all its lines.
    for (const button of this.#buttons) button.setAttribute('aria-pressed', 'true');
  }

  listen(signal: AbortSignal): void {
    for (const [series, button] of this.#buttons.entries()) {
      const toggle = () => {
        const show = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', String(show));
        this.onToggle(series, show);
      };
      button.addEventListener('click', toggle, { signal });
    }
  }

  /** `each`: how many series of the chart stand for one line. */
  show(chart: uPlot, each: number): void {
    const { idx, idxs } = chart.cursor;
    const [places] = chart.data;
    if (this.#at !== null)
      this.#at.textContent =
        idx === null || idx === undefined ? '' : `${this.#plot.x.label}: ${format(places[idx])}`;
    for (const [series, button] of this.#buttons.entries()) {
      const place = idxs?.[1 + series * each];
      const output = button.querySelector('output');
      if (output !== null)
        output.textContent =
          place === null || place === undefined ? '' : valueAt(chart, 1 + series * each, place);
    }
  }
}

/** `4.31 (4.12 to 4.55)` */
function valueAt(chart: uPlot, series: number, place: number): string {
  const [value, low, high] = [0, 1, 2].map((part) => chart.data[series + part]?.[place]);
  if (value === null || value === undefined) return '';
  const band =
    typeof low === 'number' && typeof high === 'number' ? ` (${format(low)} to ${format(high)})` : '';
  return format(value) + band;
}
