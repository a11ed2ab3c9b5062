import { type Comparison, changeInWords, comparisonInWords, type FigureComparison } from '../compare.ts';
import { inWords, showFigure } from '../figures.ts';
import type { Figure } from '../results.ts';
import { type Html, html, NOTHING } from './html.ts';
import { scrolling } from './tables.ts';

export function comparisonSection(comparison: Comparison): Html {
  const changed = comparison.figures.filter(({ outcome }) => outcome === 'worse' || outcome === 'better');
  const rest = comparison.figures.filter((figure) => !changed.includes(figure));
  return html`<section id="comparison">
<h2>Compared with the run of ${day(comparison.old.date)}</h2>
<p class="lead">${comparisonInWords(comparison)}.</p>
${comparison.remarks.map((remark) => html`<p class="remark">${remark}</p>`)}
${changed.length === 0 ? NOTHING : figures('What changed by more than noise allows', changed)}
${rest.length === 0 ? NOTHING : html`<details><summary>The other ${rest.length} figures</summary>${figures('What did not', rest)}</details>`}
</section>`;
}

function figures(caption: string, list: readonly FigureComparison[]): Html {
  return scrolling(
    caption,
    html`<table>
<caption>${caption}</caption>
<thead><tr>
<th scope="col" class="key">figure</th><th scope="col" class="key">outcome</th>
<th scope="col">before</th><th scope="col">now</th><th scope="col">change</th><th scope="col">noise allows</th>
</tr></thead>
<tbody>
${list.map(row)}
</tbody>
</table>`,
  );
}

function row({ id, outcome, old, now, change, allowed }: FigureComparison): Html {
  return html`<tr>
<th scope="row" class="key id">${id}</th><td class="outcome"><span class="standing ${outcome.replaceAll(' ', '-')}">${outcome}</span></td>
<td class="value">${shown(old)}</td><td class="value">${shown(now)}</td>
<td class="value">${change === undefined ? '–' : changeInWords(change)}</td>
<td class="value">${allowed === undefined || !Number.isFinite(allowed) ? '–' : `±${changeInWords(allowed).slice(1)}`}</td>
</tr>
`;
}

function shown(figure: Figure | undefined): string {
  return figure === undefined ? '–' : inWords(showFigure(figure));
}

function day(date: string): string {
  return date.slice(0, 10);
}
