import type { ShownCell, ShownFigure } from '../../../bench/index.ts';
import type { Colors } from '../screen.ts';

/** Cells of one column, all of one width: decimal points stand below each other, and so do the spreads. */
export function figureColumn(cells: readonly (ShownCell | undefined)[], { dim }: Colors): string[] {
  const figures = cells.flatMap((cell) => (cell === undefined || 'text' in cell ? [] : [cell]));
  const whole = widest(figures.map(({ value }) => split(value)[0]));
  const fraction = widest(figures.map(({ value }) => split(value)[1]));
  const tail = widest(figures.map(tailOf));
  const texts = cells.flatMap((cell) => (cell !== undefined && 'text' in cell ? [cell.text] : []));
  const width = Math.max(whole + fraction + (tail === 0 ? 0 : 1 + tail), widest(texts));
  return cells.map((cell) => {
    if (cell === undefined) return '';
    if ('text' in cell) return cell.text.padStart(width);
    const [before, after] = split(cell.value);
    const value = before.padStart(whole) + after.padEnd(fraction);
    const rest = tail === 0 ? '' : ` ${tailOf(cell).padEnd(tail)}`;
    return ' '.repeat(width - value.length - rest.length) + value + dim(rest);
  });
}

function split(value: string): [whole: string, fraction: string] {
  const point = value.indexOf('.');
  return point === -1 ? [value, ''] : [value.slice(0, point), value.slice(point)];
}

function tailOf({ spread, unit }: ShownFigure): string {
  return [spread, unit].filter((text) => text !== '').join(' ');
}

function widest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => text.length));
}
