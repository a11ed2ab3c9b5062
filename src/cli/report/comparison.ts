import {
  type Comparison,
  changeInWords,
  comparisonInWords,
  type FigureComparison,
  inWords,
  showFigure,
} from '../../../bench/index.ts';
import { grouped } from '../format.ts';
import type { Colors, Screen } from '../screen.ts';
import { indent, section, table, widthOf, wrap } from '../text.ts';

const UNCERTAIN_SHOWN = 5;

export function worse({ figures }: Comparison): FigureComparison[] {
  return figures.filter(({ outcome }) => outcome === 'worse');
}

/** What got worse, then what got better, the largest change first. */
export function comparisonSection(comparison: Comparison, screen: Screen): string[] {
  const { old, remarks, figures } = comparison;
  const room = screen.columns - 2;
  const changed = figures.filter(({ outcome }) => outcome === 'worse' || outcome === 'better');
  const blocks = [
    changed.length === 0 ? [] : changes(changed, room, screen.colors),
    [
      ...wrap(`${comparisonInWords(comparison)} (± is what noise allows)`, room, 2),
      ...remarks.flatMap((remark) => wrap(remark, room, 2).map(screen.colors.yellow)),
      ...listed('too few values to tell', figures, 'cannot tell', room),
      ...listed('not measured before', figures, 'only in new', room),
      ...listed('not measured now', figures, 'only in old', room),
    ],
  ].filter((lines) => lines.length > 0);
  const body = blocks.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines]));
  return section(screen, 'Compared', `with the run of ${old.date}`, body);
}

function changes(figures: readonly FigureComparison[], room: number, colors: Colors): string[] {
  const rows = figures.map(({ id, outcome, change = 0, allowed = 0, old, now }) => {
    const found = (figure: typeof old) => (figure === undefined ? '' : inWords(showFigure(figure)));
    const noise = Number.isFinite(allowed) ? `±${changeInWords(allowed).slice(1)}` : '';
    return {
      id,
      outcome: (outcome === 'worse' ? colors.red : colors.green)(outcome),
      figures: [changeInWords(change), noise, found(old), found(now)],
    };
  });
  const heads = ['', 'figure', 'change', 'noise', 'before', 'now'].map((head) => colors.dim(head));
  const wide = table(
    ['left', 'left', 'right', 'right', 'right', 'right'],
    [heads, ...rows.map((row) => [row.outcome, row.id, ...row.figures])],
  );
  if (widthOf(wide) <= room) return wide;
  return rows.flatMap(({ id, outcome, figures: [change, noise, before, now] }) => [
    ...wrap(`${outcome}  ${id}`, room, 2),
    ...indent(wrap(`${change} (${noise}): ${before}, now ${now}`, room - 2)),
  ]);
}

function listed(
  what: string,
  figures: readonly FigureComparison[],
  outcome: FigureComparison['outcome'],
  room: number,
): string[] {
  const ids = figures.filter((figure) => figure.outcome === outcome).map(({ id }) => id);
  if (ids.length === 0) return [];
  const rest = ids.length - UNCERTAIN_SHOWN;
  const more = rest > 0 ? ` and ${grouped(rest)} more` : '';
  return wrap(`${what}: ${ids.slice(0, UNCERTAIN_SHOWN).join(', ')}${more}`, room, 2);
}
