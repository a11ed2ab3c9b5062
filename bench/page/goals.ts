import { goalInWords, type JudgedGoal, type Standing, showFigure } from '../figures.ts';
import type { Figure, Goal } from '../results.ts';
import { summarise } from '../statistics.ts';
import { type Html, html, NOTHING } from './html.ts';
import { scrolling } from './tables.ts';

/** A goal, and the bench it belongs to where benches are shown together. */
export type PlacedGoal = JudgedGoal & {
  readonly bench?: { readonly title: string; readonly anchor: string };
};

/** Symbols beside the words: neither colour alone tells, nor do words at a glance. */
const STANDINGS: Readonly<Record<Standing, { symbol: string; word: string; name: string }>> = {
  met: { symbol: '●', word: 'met', name: 'met' },
  least: { symbol: '◐', word: 'least', name: 'least' },
  missed: { symbol: '○', word: 'missed', name: 'missed' },
  'not measured': { symbol: '–', word: 'not measured', name: 'none' },
};
const WIDTH = 120;
const HEIGHT = 20;

export const DRAWN_EXPLAINED =
  'Beside each goal: the goal as a line, what is still acceptable dashed, the good side shaded; the dot is the median, the bar through it from quartile to quartile.';

export function goalTable(caption: string, goals: readonly PlacedGoal[]): Html {
  if (goals.length === 0) return NOTHING;
  return scrolling(
    caption,
    html`<table class="goals">
<caption>${caption}</caption>
<thead><tr>
<th scope="col" class="key">standing</th><th scope="col" class="key">goal</th>
<th scope="col" colspan="2">found</th><th class="drawn"></th>
</tr></thead>
<tbody>
${goals.map(row)}
</tbody>
</table>`,
  );
}

export function standingMark(standing: Standing): Html {
  const { symbol, word, name } = STANDINGS[standing];
  return html`<span class="standing ${name}"><span aria-hidden="true">${symbol}</span> ${word}</span>`;
}

function row({ goal, figure, standing, bench }: PlacedGoal): Html {
  const { value, spread, unit } =
    figure === undefined ? { value: '–', spread: '', unit: '' } : showFigure(figure);
  const bound = goalInWords(goal, figure?.unit ?? 'count');
  return html`<tr>
<td>${standingMark(standing)}</td><th scope="row" class="key goal">${goal.text}<span class="bound">${bound}${bench === undefined ? NOTHING : html`, <a href="#${bench.anchor}">${bench.title}</a>`}</span></th>
<td class="value">${value}</td><td class="spread">${[spread, unit].filter((text) => text !== '').join(' ')}</td>
<td class="drawn">${figure === undefined ? NOTHING : drawn(goal, figure, standing)}</td>
</tr>`;
}

/** Where the median and its quartiles lie beside the goal; the side of the goal that is good is shaded. */
function drawn(goal: Goal, figure: Figure, standing: Standing): Html {
  const { median, low, high } = summarise(figure.values);
  const bounds = [goal.goal, ...(goal.least === undefined ? [] : [goal.least])];
  const all = [...bounds, median, low, high];
  const [first, last] = [Math.min(...all), Math.max(...all)];
  // Figures close to their goal, and those that equal it, still get some room around them.
  const span = Math.max(last - first, Math.abs(goal.goal) * 0.02) || 1;
  const place = (value: number) =>
    (6 + ((value - (first + last) / 2 + span / 2) / span) * (WIDTH - 12)).toFixed(1);
  const good =
    goal.bound === 'at most'
      ? html`<rect class="good" x="0" y="4" width="${place(goal.goal)}" height="12" />`
      : html`<rect class="good" x="${place(goal.goal)}" y="4" width="${(WIDTH - Number(place(goal.goal))).toFixed(1)}" height="12" />`;
  return html`<svg class="bullet" width="${WIDTH}" height="${HEIGHT}" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true">
<rect class="track" x="0" y="4" width="${WIDTH}" height="12" />${good}
${bounds.map((bound, index) => html`<line class="bound ${index === 0 ? 'goal' : 'least'}" x1="${place(bound)}" x2="${place(bound)}" y1="1" y2="19" />`)}
<line class="whisker" x1="${place(low)}" x2="${place(high)}" y1="10" y2="10" />
<circle class="found ${STANDINGS[standing].name}" cx="${place(median)}" cy="10" r="4" />
</svg>`;
}
