/** Draws the plots of the page, again where its theme changes. Everything else of the page needs no script. */
import 'uplot/dist/uPlot.min.css';
import './page.css';
import './tables.css';
import './plots.css';
import './print.css';
import type { DrawnPlot } from '../palette.ts';
import { type Drawing, draw } from './plot.ts';

const data = document.getElementById('plots')?.textContent ?? '[]';
const plots: readonly DrawnPlot[] = JSON.parse(data);
let drawings: readonly Drawing[] = [];

function drawAll(): void {
  for (const drawing of drawings) drawing.remove();
  drawings = plots.flatMap((plot, index) => {
    const place = document.querySelector<HTMLElement>(`[data-plot="${index}"]`);
    const legend = document.querySelector<HTMLElement>(`[data-legend="${index}"]`);
    return place === null || legend === null ? [] : [draw(plot, place, legend)];
  });
}

/** Canvases keep the colours they were drawn with: paper gets the light ones. */
function forPaper(printing: boolean): void {
  if (printing) document.documentElement.dataset.theme = 'light';
  else delete document.documentElement.dataset.theme;
  drawAll();
}

drawAll();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
addEventListener('beforeprint', () => forPaper(true));
addEventListener('afterprint', () => forPaper(false));
