import { showFigure, unitLabel } from '../figures.ts';
import type { MatrixPlot } from '../results.ts';
import { type Html, html, NOTHING } from './html.ts';
import { scrolling } from './tables.ts';

/** Steps of the shading; page.css has for each a colour and one of text that can be read on it. */
export const SHADES = 9;
/** Values further apart than this are shaded by their logarithm. */
const LOG_FROM = 20;

export function matrix(plot: MatrixPlot): Html {
  const { title, note, rowLabel, columnLabel, rows, columns, values, unit } = plot;
  const measured = values.flat().filter((value) => value !== null);
  const shade = shading(measured);
  const label = unit === 'bytes' ? '' : unitLabel(unit);
  const inUnit = label === '' ? '' : `, ${label}`;
  const cell = (value: number | null | undefined) =>
    value === null || value === undefined
      ? html`<td class="shade none">–</td>`
      : html`<td class="shade shade-${shade.of(value)}">${shown(value, plot)}</td>`;
  return html`<figure class="matrix">
<figcaption><strong>${title}</strong>${inUnit}${note === undefined ? NOTHING : html`<span class="note">${note}</span>`}</figcaption>
${scrolling(
  title,
  html`<table>
<caption class="unseen">${title}${inUnit}. Rows: ${rowLabel}. Columns: ${columnLabel}.</caption>
<thead>
<tr><td></td><th scope="colgroup" colspan="${Math.max(1, columns.length)}" class="axis">${columnLabel} →</th></tr>
<tr><th class="axis corner">${rowLabel} ↓</th>${columns.map((name) => html`<th scope="col">${name}</th>`)}</tr>
</thead>
<tbody>
${rows.map((name, row) => html`<tr><th scope="row">${name}</th>${columns.map((_, column) => cell(values[row]?.[column]))}</tr>\n`)}
</tbody>
</table>`,
)}
${measured.length === 0 ? NOTHING : scale(measured, shade.log, plot)}
</figure>`;
}

function scale(measured: readonly number[], log: boolean, plot: MatrixPlot): Html {
  const steps = Array.from({ length: SHADES }, (_, step) => html`<span class="shade-${step}"></span>`);
  return html`<p class="scale" aria-hidden="true">${shown(Math.min(...measured), plot)} <span class="steps">${steps}</span> ${shown(Math.max(...measured), plot)}${log ? ', log scale' : ''}</p>`;
}

function shading(measured: readonly number[]): { of: (value: number) => number; log: boolean } {
  const [least, most] = [Math.min(...measured), Math.max(...measured)];
  const log = least > 0 && most / least > LOG_FROM;
  const level = log ? Math.log : (value: number) => value;
  const span = level(most) - level(least);
  const part = (value: number) => (span === 0 ? 0 : (level(value) - level(least)) / span);
  return { log, of: (value) => Math.round(part(value) * (SHADES - 1)) };
}

/** The unit stands in the title; bytes carry theirs, which differ. */
function shown(value: number, { unit }: MatrixPlot): string {
  const { value: text, unit: own } = showFigure({ unit, values: [value] });
  return unit === 'bytes' ? `${text} ${own}` : text;
}
