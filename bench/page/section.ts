import {
  judgeGoals,
  type ShownFigure,
  showFigure,
  showNumber,
  showTable,
  unitLabel,
  wholeShareInWords,
} from '../figures.ts';
import type { BenchResult, Figure, LedgerResult } from '../results.ts';
import { summarise } from '../statistics.ts';
import { goalTable } from './goals.ts';
import { type Html, html, NOTHING } from './html.ts';
import { scrolling, tableOf } from './tables.ts';

export function anchorOf({ name }: BenchResult): string {
  return `bench-${name.replaceAll(/[^\w-]/g, '-')}`;
}

/** `plots` are those of the bench, made. */
export function benchSection(bench: BenchResult, plots: readonly Html[]): Html {
  const { title, name, summary, seconds, notes, ledger } = bench;
  return html`<section id="${anchorOf(bench)}">
<h2>${title} <code>${name}</code></h2>
<p class="lead">${summary}</p>
${goalTable('Goals', judgeGoals(bench))}
${bench.tables.map((table) => tableOf(showTable(table, bench)))}
${plots.length === 0 ? NOTHING : html`<div class="plots">${plots}</div>`}
${notes.length === 0 ? NOTHING : html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
<p class="ledger">${ledgerText(ledger)} Measured in ${showNumber(seconds, 's')}.</p>
${ledger.violations.length === 0 ? NOTHING : html`<ul class="violations">${ledger.violations.map((violation) => html`<li>${violation}</li>`)}</ul>`}
${allFigures(bench)}
</section>
`;
}

const LOOKED_AT = {
  frame: 'flow, sequence, length and check word',
  block: 'header and two words of each 512 bytes',
};

function ledgerText({ verdict, of = 'frame', frames, wholeShare, swaps }: LedgerResult): Html {
  const count = (value: number) => value.toLocaleString('en-US');
  const looked =
    of === 'request'
      ? 'each done once'
      : wholeShare === 1
        ? 'all compared whole'
        : `${wholeShareInWords(wholeShare)} compared whole, all others by ${LOOKED_AT[of]}`;
  return html`<strong class="${verdict}">Ledger: ${verdict}.</strong> ${count(frames)} ${of}s, ${looked}; ${count(swaps)} swaps.`;
}

/** What no table shows is found here, and how many values are behind each. */
function allFigures({ title, figures }: BenchResult): Html {
  if (figures.length === 0) return NOTHING;
  return html`<details><summary>All ${figures.length} figures</summary>
${scrolling(
  `All figures of: ${title}`,
  html`<table>
<caption class="unseen">All figures of: ${title}</caption>
<thead><tr><th scope="col" class="key">figure</th><th scope="col">median</th><th scope="col">quartiles</th><th scope="col" class="key">unit</th><th scope="col">values</th><th scope="col" class="key">better</th></tr></thead>
<tbody>
${figures.map(figureRow)}
</tbody>
</table>`,
)}
</details>`;
}

function figureRow({ id, unit, values, better }: Figure): Html {
  const { median, low, high } = summarise(values);
  const [middle, first, last] = [median, low, high].map((value) => showFigure({ unit, values: [value] }));
  // Bytes are scaled one by one, all others have the unit in common.
  const text = ({ value, unit: own }: ShownFigure) => (unit === 'bytes' ? `${value} ${own}` : value);
  return html`<tr><th scope="row" class="key id">${id}</th><td class="value">${text(middle)}</td><td class="value">${text(first)} to ${text(last)}</td><td>${unit === 'bytes' ? '' : unitLabel(unit)}</td><td class="value">${values.length}</td><td>${better ?? ''}</td></tr>\n`;
}
