import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { renderReport, renderVerdict } from '../../src/cli/report.ts';
import { screen } from '../../src/cli/screen.ts';
import type { Report } from '../../src/testbed/index.ts';
import { FAILED, PASSAGES, PASSED } from './fixtures.ts';

const WIDTHS = [50, 64, 80, 110];

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => stripVTControlCharacters(line).length));
}

function at(columns: number, report: Report): string {
  return renderReport(report, screen(columns));
}

describe('a report', () => {
  it.each(WIDTHS)('fits into %i columns, with colours too', (columns) => {
    for (const report of [PASSED, FAILED]) {
      expect(widest(at(columns, report))).toBeLessThanOrEqual(columns);
      expect(stripVTControlCharacters(renderReport(report, screen(columns, true)))).toBe(at(columns, report));
    }
  });

  it.each(WIDTHS)('says the same at %i columns', (columns) => {
    const text = at(columns, FAILED).replaceAll(/\s+/g, ' ');
    const facts = [
      'ended early by the user',
      'dropped: no descriptor',
      'stray DMA, refused',
      '20,431',
      'and 3 more',
    ];
    for (const fact of facts) expect(text).toContain(fact);
    expect(text).toContain('order on eth0, queue 2, flow 7, sequence 1,204,221, swap 18 in transfer');
    expect(text).toContain('2,500,000 offered ≠ 2,499,100 delivered + 204 dropped: 696 missing');
    expect(text).toContain('500 outside any swap, 12 in quiesce');
  });

  it('ends with the verdict on one line', () => {
    expect(at(80, PASSED)).toMatch(/\nPASS {2}5,000,000 frames, 212 swaps, no violation\n$/);
    expect(at(80, FAILED)).toMatch(/\nFAIL {2}4,999,100 frames, 212 swaps, 7 violations\n$/);
  });

  it('shows the stall beside its control', () => {
    expect(at(80, PASSED)).toMatch(/stall, us +control stall, us\n/);
    expect(at(80, PASSED)).toMatch(/interrupt {2}polling +3\.43 +14\.00 +30 +3\.23 +13\.00 +27\n/);
    expect(at(50, PASSED)).toMatch(
      /interrupt → polling: 24 swaps\n +critical.*\n +stall .*\n +control stall/,
    );
  });

  it('names the methods only when there are others than in place', () => {
    expect(at(80, PASSED)).not.toContain('inplace');
    expect(at(80, FAILED)).toMatch(/interrupt {2}polling {4}drain/);
  });

  it('tells what resets of disks took from their queues, where they took something', () => {
    const swaps = { ...PASSED.swaps, resubmitted: 1204, aborted: 3 };
    expect(at(110, { ...PASSED, swaps })).toMatch(/rolled back, 1,204 requests resubmitted, 3 aborted/);
    expect(at(110, PASSED)).not.toMatch(/resubmitted|aborted/);
  });

  it.each(WIDTHS)('tells which file a driver came from, at %i columns', (columns) => {
    const ownDrivers = ['1.0.0', '1.1.0'].map((version, i) => ({
      ...{ version, file: `./drivers/that/are/mine/round-robin-${version}.mjs` },
      name: i === 0 ? 'round-robin' : `round-robin#${i + 1}`,
    }));
    const text = at(columns, { ...PASSED, ownDrivers });
    expect(widest(text)).toBeLessThanOrEqual(columns);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'Drivers from files round-robin 1.0.0 from ./drivers/that/are/mine/round-robin-1.0.0.mjs round-robin#2 1.1.0 from',
    );
    expect(at(columns, PASSED)).not.toContain('Drivers from files');
  });

  it.each(WIDTHS)('tells of changes of CPU where there were some, at %i columns', (columns) => {
    const text = at(columns, { ...PASSED, passages: PASSAGES });
    expect(widest(text)).toBeLessThanOrEqual(columns);
    const plain = text.replaceAll(/\s+/g, ' ');
    expect(plain).toContain('Changes of CPU, 1,204 handovers, 9 after a CPU that ended');
    expect(plain).toContain('78.2 ms CPU 0 → 1, pause 6.93 ms, CPU 0 ended on request');
    expect(plain).toContain('1.05 s CPU 1 → 0, pause 15.2 ms, CPU 1 failed: gone bad');
    expect(plain).toContain('CPU 0 hung: driver goes-bad of eth0 hangs: frames lie in receive ring 0');
    expect(plain).toContain('; eth0 went back, goes-bad → batching and 6 more (--json FILE lists them)');
    expect(at(columns, PASSED)).not.toContain('Changes of CPU');
  });

  it('leaves out of changes of CPU the kind that there was not', () => {
    const none = { p50: 0, p99: 0, max: 0 };
    const recoveries = { count: 0, adoptionUs: none, pauseUs: none };
    const text = at(110, { ...PASSED, passages: { ...PASSAGES, recoveries, notes: [] } });
    expect(text).toMatch(/^Changes of CPU, 1,204 handovers$/m);
    expect(text).not.toContain('recovery');
  });

  it('tells the worst remarks first', () => {
    const text = at(110, PASSED);
    expect(text.indexOf('rolled back in transfer')).toBeLessThan(text.indexOf('keeps its ring length'));
  });

  it('leaves out what there was not', () => {
    const none = { p50: 0, p99: 0, max: 0 };
    const swaps = {
      ...{
        count: 0,
        scheduled: 0,
        refused: 0,
        rolledBack: 0,
        resubmitted: 0,
        aborted: 0,
        phasesUs: {},
        byPair: [],
        notes: [],
      },
      ...{ criticalSectionUs: none, stallUs: none, controlStallUs: none },
    };
    const text = at(80, { ...PASSED, swaps, throughput: { mpps: 0, gbps: 0, timeline: [] } });
    expect(text).not.toMatch(/Swaps|Phases|Remarks|Throughput|NaN|Infinity|undefined/);
  });
});

describe('the throughput', () => {
  const timeline = [
    { mpps: 0.5, swaps: 0 },
    { mpps: 1, swaps: 1 },
    { mpps: 0, swaps: 3 },
    { mpps: 0.01, swaps: 12 },
  ];

  it('is drawn from 0 to its peak, with a mark for each swap', () => {
    const text = at(80, { ...PASSED, durationMs: 400, throughput: { mpps: 0.38, gbps: 1, timeline } });
    expect(text).toContain('bars from 0 to 1.00, mean 0.38\n  ▄█ ▁\n   ▴3+\n');
    expect(text).toContain('swaps in 100 ms (▴ is one, + is ten or more)');
  });

  it('is joined to fit, and no swap is lost in that', () => {
    const many = Array.from({ length: 300 }, () => ({ mpps: 1, swaps: 1 }));
    const lines = at(80, { ...PASSED, throughput: { mpps: 1, gbps: 1, timeline: many } }).split('\n');
    expect(lines).toContain(`  ${'█'.repeat(75)}`);
    expect(lines).toContain(`  ${'4'.repeat(75)}`);
  });
});

describe('a quiet report', () => {
  it('is one line, and a failure names the first violation', () => {
    expect(renderVerdict(PASSED, screen(50))).toBe('PASS  5,000,000 frames, 212 swaps, no violation\n');
    expect(renderVerdict(FAILED, screen(50))).toMatch(
      /^FAIL .* 7 violations; first: order on eth0, .* too early\n$/,
    );
  });
});
