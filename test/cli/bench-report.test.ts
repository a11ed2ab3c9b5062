/** What `bench` prints, of given reports. */
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type BenchReport, type Comparison, compareReports } from '../../bench/index.ts';
import { renderBenchList } from '../../src/cli/bench.ts';
import { renderBench } from '../../src/cli/report/bench.ts';
import { figureColumn } from '../../src/cli/report/figure-column.ts';
import { screen } from '../../src/cli/screen.ts';
import { sampleReport } from '../bench/sample.ts';

const WIDTHS = [40, 80, 110];
const REPORT = sampleReport();
const SLOWED = sampleReport({ seed: 2, slowed: { id: 'receive/64/polling/', factor: 1.2 } });
const COMPARED = compareReports(REPORT, SLOWED);
const [RECEIVE, ...OTHERS] = REPORT.benches;
const FAILED: BenchReport = {
  ...REPORT,
  quick: true,
  verdict: 'fail',
  benches: [
    {
      ...RECEIVE,
      goals: [...RECEIVE.goals, { figure: 'gone', text: 'of nothing', bound: 'at least', goal: 1 }],
      ledger: {
        ...RECEIVE.ledger,
        verdict: 'fail',
        violations: ['order on eth0, queue 2, flow 7, sequence 1,204,221: the frame came one too early'],
      },
    },
    ...OTHERS,
  ],
};

function at(columns: number, report: BenchReport, comparison?: Comparison): string {
  return renderBench(report, comparison, screen(columns));
}

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => stripVTControlCharacters(line).length));
}

/** Without the breaks of lines. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

describe('a bench report', () => {
  it.each(WIDTHS)(
    'fits into %i columns, with colours too, and has no blanks at the ends of lines',
    (columns) => {
      for (const [report, comparison] of [[REPORT], [FAILED], [SLOWED, COMPARED]] as const) {
        const text = at(columns, report, comparison);
        expect(widest(text)).toBeLessThanOrEqual(columns);
        expect(text).not.toMatch(/ \n|undefined|NaN|\[object/);
        const colored = renderBench(report, comparison, screen(columns, true));
        expect(stripVTControlCharacters(colored).replaceAll(/ +\n/g, '\n')).toBe(text);
      }
    },
  );

  it.each(WIDTHS)('says the same at %i columns', (columns) => {
    const text = flat(at(columns, FAILED));
    for (const fact of [
      'a quick run',
      'ringswap 0.1.0, node v20.20.2, 2 cores of Intel(R)',
      'load 0.31 before, 1.87 after; a thread was off its core for up to 2.42 ms',
      '± is half the distance of their quartiles',
      'Receive path, 84.2 s',
      'Interleaved trials in eleven fresh processes.',
      'goal at most 1.176, least 1.429',
      'not measured of nothing: not measured, goal at least 1',
      'ledger fail: 412,880,384 frames, 1 in 64 compared whole, 0 swaps',
      'order on eth0, queue 2, flow 7, sequence 1,204,221: the frame came one too early',
      'End-to-end rates are bounded by the emulated card',
    ])
      expect(text).toContain(fact);
  });

  it('shows each cell of each table at every width', () => {
    const texts = WIDTHS.map((columns) => at(columns, REPORT));
    const numbers = texts.map((text) => [...text.matchAll(/±[\d.,<]+/g)].map(([found]) => found).sort());
    expect(numbers[0]).toEqual(numbers[2]);
    expect(numbers[1]).toEqual(numbers[2]);
    expect(numbers[2]?.length).toBeGreaterThan(200);
  });

  it('aligns medians by their points, and spreads beside them', () => {
    expect(at(80, REPORT)).toMatch(
      / {4}1,024 +\d\.\d\d ±\d\.\d\d {2}\d\.\d\d ±\d\.\d\d\n {4}2,048 +\d\.\d\d ±\d\.\d\d/,
    );
    const colors = screen().colors;
    expect(
      figureColumn(
        [
          { value: '1,204', spread: '±31', unit: '' },
          { value: '5.21', spread: '±0.03', unit: '' },
          { value: '361', spread: '', unit: '' },
          { text: 'none' },
        ],
        colors,
      ),
    ).toEqual(['1,204    ±31  ', '    5.21 ±0.03', '  361         ', '          none']);
  });

  it('parts a table that is too wide by its columns, each part with its keys', () => {
    const heads = at(80, REPORT)
      .split('\n')
      .filter((line) => line.startsWith('    from '));
    expect(heads.map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['from', 'to', 'critical, idle', 'stall, idle', 'control, idle'],
      ['from', 'to', 'critical, half', 'stall, half', 'control, half'],
      ['from', 'to', 'critical, full', 'stall, full', 'control, full'],
    ]);
  });

  it('stacks what keys leave no room for, without what is empty', () => {
    expect(at(40, REPORT)).toMatch(
      /\n {4}64, bare ring\n {6}CPU +\S+ ±\S+ ns\n {6}end to end +\S+ ±\S+ Mpps\n {4}64, interrupt\n {6}CPU +\S+ ±\S+ ns\n {6}of bare ring +\S+ ±\S+\n/,
    );
  });

  it.each(WIDTHS)('begins and ends with the verdict and the goals at %i columns', (columns) => {
    const text = at(columns, REPORT);
    expect(flat(text)).toMatch(
      /^PASS 10 of 14 goals met, 1 between goal and least, 3 missed · 8 benches in 724 s ringswap/,
    );
    expect(text).toMatch(/\n\nPASS {2}no violation, 10 of 14 goals met\n$/);
    expect(at(columns, FAILED)).toMatch(/^FAIL {2}10 of 15 goals met,/);
    expect(flat(at(columns, FAILED))).toMatch(/ FAIL violations in receive, 10 of 15 goals met $/);
  });
});

describe('a comparison', () => {
  it('says what got worse, by how much, and what noise allows', () => {
    const text = at(110, SLOWED, COMPARED);
    expect(text).toMatch(/^WORSE {2}/);
    expect(text).toMatch(
      /worse {2}receive\/64\/polling\/ratio {2}\+[\d.]+ % {2} ±5 % {2}1\.1\d\d ±0\.\d+ {2}1\.3\d\d ±0\.\d+\n/,
    );
    expect(text).toContain('1 figure worse, 0 better, 255 unchanged');
    expect(text).toMatch(/\n\nWORSE {2}no violation, \d+ of 14 goals met, 1 figure worse\n$/);
    expect(flat(at(40, SLOWED, COMPARED))).toMatch(
      /worse receive\/64\/polling\/ratio \+[\d.]+ % \(±5 %\): \S+ ±\S+, now \S+ ±\S+ 1 figure/,
    );
  });

  it('of equal runs is a pass, with remarks where there are some', () => {
    const old = { ...REPORT, environment: { ...REPORT.environment, cores: 64 } };
    const text = at(80, REPORT, compareReports(old, REPORT));
    expect(text).toMatch(/^PASS/);
    expect(flat(text)).toContain('no figures worse, 0 better, 256 unchanged');
    expect(flat(text)).toContain('not the same machine: 64 x Intel(R)');
    expect(text).toMatch(/, 0 figures worse\n$/);
  });

  it('names what could not be compared, the first few of it', () => {
    const figure = (id: string, values: number[]) => ({
      id,
      unit: 'ns' as const,
      better: 'lower' as const,
      values,
    });
    const few = Array.from({ length: 8 }, (_, index) => figure(`few/${index}`, [1]));
    const report = (more: string) => ({
      ...REPORT,
      benches: [{ ...RECEIVE, figures: [...few, figure(more, [1, 1, 1])] }],
    });
    const text = flat(at(80, report('now'), compareReports(report('then'), report('now'))));
    expect(text).toContain('too few values to tell: few/0, few/1, few/2, few/3, few/4 and 3 more');
    expect(text).toContain('not measured before: now not measured now: then');
  });
});

describe('the list of benches', () => {
  it.each(WIDTHS)('fits into %i columns', (columns) => {
    const text = renderBenchList(screen(columns));
    expect(widest(text)).toBeLessThanOrEqual(columns);
    expect(text).toMatch(/^receive {4}Receive path\. /);
  });
});
