/** The line of a source that is wrong, with a mark below the place. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { excerpt } from '../../src/cli/excerpt.ts';
import { screen } from '../../src/cli/screen.ts';

const LONG = Array.from({ length: 30 }, (_, word) => `word${word}`).join(' ');

function at(column: number, text: string, columns = 80, colored = false): string {
  return excerpt({ file: 'mine.ts', line: 12, column, text }, screen(columns, colored));
}

describe('an excerpt', () => {
  it('has line, number and mark', () => {
    expect(at(3, '  poll() {')).toBe('    12 |   poll() {\n       |   ^\n');
    expect(at(11, '  poll() {')).toBe('    12 |   poll() {\n       |           ^\n');
  });

  it.each([40, 60, 110])('fits into %i columns, and the mark stands below its word', (columns) => {
    for (let word = 0; word < 30; word++) {
      const column = LONG.indexOf(`word${word}`) + 1;
      const [line = '', mark = ''] = at(column, LONG, columns).split('\n');
      expect(Math.max(line.length, mark.length)).toBeLessThanOrEqual(columns);
      expect(line.slice(mark.indexOf('^'))).toMatch(new RegExp(`^word${word}(?!\\d)`));
      expect(stripVTControlCharacters(at(column, LONG, columns, true))).toBe(at(column, LONG, columns));
    }
  });

  it('marks the end of a line that is too long, and what is behind a tab', () => {
    const [line = '', mark = ''] = at(LONG.length + 1, LONG, 40).split('\n');
    expect(mark.indexOf('^')).toBe(line.length);
    expect(line).toMatch(/… .*word29$|…\S* .*word29$/);
    expect(at(2, '\tpoll() {')).toBe('    12 |  poll() {\n       |  ^\n');
  });
});
