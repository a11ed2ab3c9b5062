import type { SourcePlace } from '../testbed/index.ts';
import type { Screen } from './screen.ts';

const LEFT_OUT = '…';

/** A line of a source with its number, and below it a mark; of a line too long for the screen, what is around the mark. */
export function excerpt({ line, column, text }: SourcePlace, { columns, colors }: Screen): string {
  const number = `${line}`.padStart(6);
  const room = columns - number.length - 4; // of them three are the bar's, one is left empty
  const at = column - 1;
  // A tab is a column here, as it is to whoever counted.
  const [shown, mark] = cut(text.replaceAll('\t', ' '), at, room);
  const rule = colors.dim('|');
  return `${colors.dim(number)} ${rule} ${shown}\n${' '.repeat(number.length)} ${rule} ${' '.repeat(mark)}${colors.red('^')}\n`;
}

/** What of a text fits, and where in it the place at `at` is then. */
function cut(text: string, at: number, room: number): [shown: string, at: number] {
  if (text.length <= room) return [text, at];
  const from = Math.max(0, Math.min(at - Math.floor(room / 2), text.length - room));
  const begin = from > 0 ? LEFT_OUT : '';
  const end = from + room < text.length ? LEFT_OUT : '';
  const shown = begin + text.slice(from + begin.length, from + room - end.length) + end;
  return [shown, at - from];
}
