import type { ShownCell, ShownTable } from '../figures.ts';
import { type Html, html, NOTHING } from './html.ts';

/** Wide tables move sideways in a box of their own, with the keyboard too. */
export function scrolling(label: string, table: Html): Html {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

export function tableOf({ title, note, unit, keys, columns, rows }: ShownTable): Html {
  const heads = columns.map(
    ({ head, unit }) =>
      html`<th scope="col" colspan="2">${head}${unit === '' ? NOTHING : html`<span class="unit">, ${unit}</span>`}</th>`,
  );
  const body = rows.map(
    (row, index) => html`<tr${groupClass(row.keys, rows[index - 1]?.keys)}>
${row.keys.map((key, place) => keyOf(key, place < row.keys.length - 1 && row.keys.slice(0, place + 1).every((own, i) => own === rows[index - 1]?.keys[i])))}
${row.cells.map(cellOf)}
</tr>`,
  );
  return html`<div class="table">
${scrolling(
  title,
  html`<table>
<caption>${title}${unit === '' ? NOTHING : html`<span class="unit">, ${unit}</span>`}</caption>
<thead><tr>${keys.map((key) => html`<th scope="col" class="key">${key}</th>`)}${heads}</tr></thead>
<tbody>
${body}
</tbody>
</table>`,
)}
${note === undefined ? NOTHING : html`<p class="note">${note}</p>`}
</div>`;
}

/** Of rows with several keys, those with the same first one belong together. */
function groupClass(keys: readonly string[], before: readonly string[] | undefined): Html {
  return keys.length > 1 && before !== undefined && keys[0] !== before[0] ? html` class="group"` : NOTHING;
}

/** What the row above says too is said to those who do not see it. */
function keyOf(key: string, again: boolean): Html {
  return html`<th scope="row" class="key">${again ? html`<span class="unseen">${key}</span>` : key}</th>`;
}

/** Median and spread stand in two columns, so that both align. */
function cellOf(cell: ShownCell): Html {
  if ('text' in cell) return html`<td class="text" colspan="2">${cell.text}</td>`;
  const { value, spread, unit } = cell;
  return html`<td class="value">${value}</td><td class="spread">${[spread, unit].filter((text) => text !== '').join(' ')}</td>`;
}
