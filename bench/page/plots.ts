import type { Axis, LinePlot, Series } from '../results.ts';
import { type Html, html, NOTHING } from './html.ts';
import { DASHES } from './palette.ts';
import { scrolling } from './tables.ts';

/** A plot without its curves, which the page's script draws, and all that stands in their place for those who do not see them. */
export function linePlot(plot: LinePlot, index: number, colors: readonly number[]): Html {
  const { title, note, y, series, marks } = plot;
  return html`<figure class="lines">
<figcaption><strong>${title}</strong>${note === undefined ? NOTHING : html`<span class="note">${note}</span>`}</figcaption>
<ul class="legend" data-legend="${index}">
${series.map(({ name }, place) => html`<li><button type="button" aria-pressed="true" data-series="${place}">${swatch(colors[place])}<span>${name}</span><output></output></button></li>\n`)}
${marks === undefined ? NOTHING : html`<li class="mark">${markSwatch}<span>${marks.name} (${marks.at.length.toLocaleString('en-US')})</span></li>`}
<li class="at"><output></output></li>
</ul>
<p class="y-label" aria-hidden="true">${axisName(y)}</p>
<div class="plot" role="img" tabindex="0" data-plot="${index}" aria-label="${inWords(plot)}"></div>
<details><summary>Numbers of this plot</summary>
${scrolling(`Numbers of: ${title}`, numbers(plot))}
</details>
</figure>`;
}

const markSwatch = html`<svg width="10" height="14" viewBox="0 0 10 14" aria-hidden="true"><line class="mark" x1="5" x2="5" y1="0" y2="14" /></svg>`;

function swatch(color: number): Html {
  return html`<svg width="30" height="10" viewBox="0 0 30 10" aria-hidden="true"><line x1="0" x2="30" y1="5" y2="5" class="line-${color}" stroke-dasharray="${DASHES[color].join(' ')}" /></svg>`;
}

function axisName({ label, log = false }: Axis): string {
  return log ? `${label} (log scale)` : label;
}

function inWords({ title, x, y, series, marks }: LinePlot): string {
  const lines = series.map((one) => {
    const values = one.y.filter((value) => value !== null);
    if (values.length === 0) return `${one.name}: nothing measured.`;
    return `${one.name}: ${range(values)}, from ${range(one.x)} across.`;
  });
  const moments = marks === undefined ? [] : [`${marks.at.length} marks: ${marks.name}.`];
  return [`${title}. Line plot of ${axisName(y)} by ${axisName(x)}.`, ...lines, ...moments].join(' ');
}

function numbers({ title, x, y, series }: LinePlot): Html {
  const banded = series.some(({ low, high }) => low !== undefined && high !== undefined);
  return html`<table>
<caption class="unseen">Numbers of: ${title}</caption>
<thead><tr><th scope="col" class="key">line</th><th scope="col">${x.label}</th><th scope="col">${y.label}</th>${banded ? html`<th scope="col">low</th><th scope="col">high</th>` : NOTHING}</tr></thead>
<tbody>
${series.map((one) => one.x.map((_, place) => point(one, place, banded)))}
</tbody>
</table>`;
}

function point({ name, x, y, low, high }: Series, place: number, banded: boolean): Html {
  const band = banded ? [low?.[place] ?? null, high?.[place] ?? null] : [];
  return html`<tr><th scope="row" class="key">${name}</th>${[x[place], y[place], ...band].map((value) => html`<td class="value">${value === null ? '–' : digits(value)}</td>`)}</tr>\n`;
}

function range(values: readonly number[]): string {
  return `${digits(Math.min(...values))} to ${digits(Math.max(...values))}`;
}

function digits(value: number): string {
  return value.toLocaleString('en-US', { maximumSignificantDigits: 4 });
}
