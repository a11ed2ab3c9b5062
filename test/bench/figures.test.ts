import { describe, expect, it } from 'vitest';
import {
  goalInWords,
  goalsInWords,
  inWords,
  judgeGoals,
  showFigure,
  showNumber,
  showTable,
  wholeShareInWords,
} from '../../bench/figures.ts';
import type { BenchResult, Cell, Figure, Goal, Unit } from '../../bench/results.ts';
import { sampleReport } from './sample.ts';

const REPORT = sampleReport();

function benchOf(figures: readonly Figure[], goals: readonly Goal[] = []): BenchResult {
  return { ...REPORT.benches[0], figures, goals, tables: [] };
}

describe('a figure', () => {
  it.each<[string, Unit, number[]]>([
    ['21.3 ±0.4 ns', 'ns', [20.5, 20.9, 21.3, 21.7, 22.1]],
    ['1.107 ±0.005', 'ratio', [1.1, 1.102, 1.107, 1.112, 1.12]],
    ['1,204 ±31 us', 'us', [1100, 1173, 1204, 1235, 1300]],
    ['99.9 ±<0.1 %', 'share', [0.9985, 0.999, 0.999, 0.9991, 1]],
    ['100.0 ±0 %', 'share', [1, 1, 1]],
    ['12.8 ±0.1 MB', 'bytes', [12.6e6, 12.7e6, 12.8e6, 12.9e6, 13e6]],
    ['0 ±0 B', 'bytes', [0, 0, 0]],
    ['361 us', 'us', [361]],
    ['<0.001 s', 's', [0.0002]],
    ['7', 'count', [7]],
  ])('reads %s', (text, unit, values) => expect(inWords(showFigure({ unit, values }))).toBe(text));

  it('says so where the cores never kept their pace', () => {
    const shown = showFigure({ unit: 'ns', values: [20, 21, 22], disturbed: true });
    expect(inWords(shown)).toBe('~21.0 ±0.5 ns');
  });

  it('has the digits of its median in its spread too', () => {
    expect(showFigure({ unit: 'us', values: [1000, 1204, 1210.4] })).toEqual({
      value: '1,204',
      spread: '±53',
      unit: 'us',
    });
  });
});

describe('a number beside figures', () => {
  it.each<[string, Unit, number]>([
    ['1.176', 'ratio', 1 / 0.85],
    ['0.98', 'ratio', 0.98],
    ['10 us', 'us', 10],
    ['97 %', 'share', 0.97],
    ['100 ns', 'ns', 100],
    ['0 B', 'bytes', 0],
  ])('reads %s', (text, unit, value) => expect(showNumber(value, unit)).toBe(text));

  it('is a part of all frames', () => {
    expect(wholeShareInWords(1 / 64)).toBe('1 in 64');
    expect(wholeShareInWords(1)).toBe('100 %');
    expect(wholeShareInWords(0)).toBe('0 %');
  });
});

describe('a goal', () => {
  const values = (...found: number[]): Figure => ({ id: 'x', unit: 'us', values: found });
  const most: Goal = { figure: 'x', text: 'x', bound: 'at most', goal: 10, least: 15 };
  const least: Goal = { figure: 'x', text: 'x', bound: 'at least', goal: 10, least: 5 };
  const standing = (goal: Goal, figure: Figure) => judgeGoals(benchOf([figure], [goal]))[0].standing;

  it('is met, nearly, or missed by the median, the bound included', () => {
    expect([10, 10.1, 15, 15.1].map((found) => standing(most, values(found)))).toEqual([
      'met',
      'least',
      'least',
      'missed',
    ]);
    expect([10, 9.9, 5, 4.9].map((found) => standing(least, values(found)))).toEqual([
      'met',
      'least',
      'least',
      'missed',
    ]);
    expect(standing(most, values(1, 9, 90))).toBe('met');
    const { least: _, ...strict } = most;
    expect(standing(strict, values(10.1))).toBe('missed');
  });

  it('is not measured where its figure is not there', () => {
    expect(standing({ ...most, figure: 'y' }, values(1))).toBe('not measured');
  });

  it('is counted over all benches', () => {
    const figures = [values(12)];
    const bench = benchOf(figures, [
      most,
      { ...most, goal: 12 },
      { ...most, least: 11 },
      { ...most, figure: 'y' },
    ]);
    expect(goalsInWords({ ...REPORT, benches: [bench, bench] })).toBe(
      '2 of 8 goals met, 2 between goal and least, 2 missed, 2 not measured',
    );
    expect(goalsInWords({ ...REPORT, benches: [] })).toBe('no goals');
  });

  it('reads as it is held', () => {
    expect(goalInWords(most, 'us')).toBe('goal at most 10 us, least 15 us');
    expect(goalInWords({ ...least, goal: 0.97 }, 'ratio')).toBe('goal at least 0.97, least 5');
  });
});

describe('a table', () => {
  const figure = (id: string, unit: Unit, value: number): Figure => ({ id, unit, values: [value] });
  const shown = (rows: readonly Cell[][], figures: readonly Figure[]) =>
    showTable(
      {
        title: 't',
        keys: ['k'],
        columns: rows[0].map((_, column) => `c${column}`),
        rows: rows.map((cells, row) => ({ keys: [String(row)], cells })),
      },
      benchOf(figures),
    );

  it('says a unit once: for all', () => {
    const table = shown([[{ figure: 'a' }, { figure: 'b' }]], [figure('a', 'us', 1), figure('b', 'us', 2)]);
    expect(table.unit).toBe('us');
    expect(table.columns.map(({ unit }) => unit)).toEqual(['', '']);
    expect(table.rows[0].cells).toEqual([
      { value: '1.00', spread: '', unit: '' },
      { value: '2.00', spread: '', unit: '' },
    ]);
  });

  it('or for a column, texts not counted', () => {
    const table = shown(
      [
        [{ figure: 'a' }, { figure: 'b' }],
        [{ text: 'none' }, { figure: 'nowhere' }],
      ],
      [figure('a', 'us', 1), figure('b', 'Mpps', 2)],
    );
    expect(table.unit).toBe('');
    expect(table.columns.map(({ unit }) => unit)).toEqual(['us', 'Mpps']);
    expect(table.rows[1].cells).toEqual([{ text: 'none' }, { text: '–' }]);
  });

  it('or in the cells where they differ', () => {
    const table = shown(
      [[{ figure: 'a' }], [{ figure: 'b' }]],
      [figure('a', 'us', 1), figure('b', 'bytes', 2e6)],
    );
    expect(table.columns[0].unit).toBe('');
    expect(table.rows.map(({ cells }) => cells[0])).toMatchObject([{ unit: 'us' }, { unit: 'MB' }]);
  });
});
