/** What benches of disks say of what was looked at: blocks, not frames. */
import { describe, expect, it } from 'vitest';
import { disk } from '../../bench/disk.ts';
import { diskSwap } from '../../bench/disk-swap.ts';
import { htmlReport } from '../../bench/index.ts';
import { joinLedgers } from '../../bench/ledger.ts';
import { readReport } from '../../bench/read.ts';
import type { BenchReport, LedgerResult } from '../../bench/results.ts';
import { renderBench } from '../../src/cli/report/bench.ts';
import { screenOf } from '../../src/cli/screen.ts';
import { sampleReport } from './sample.ts';

const LEDGER: LedgerResult = {
  verdict: 'pass',
  of: 'block',
  frames: 4000,
  wholeShare: 1 / 256,
  swaps: 2,
  violations: [],
};
const VALUES = {
  'disk/drained/32/bare/ns': [60, 62, 61],
  'disk/drained/32/polling/ns': [120, 122, 121],
  'disk/drained/32/polling/of-bare': [0.5, 0.51, 0.5],
  'disk/randread/32/bare/kiops': [500, 505, 510],
  'disk/randread/32/polling/kiops': [480, 485, 490],
  'disk/randread/32/polling/of-bare': [0.95, 0.96, 0.96],
  'disk/randread/32/polling/p50': [60, 61, 62],
  'disk/media/random reads/1/interrupt/kiops': [11, 12, 11],
  'disk/media/random reads/1/batching/of-interrupt': [0.4, 0.41, 0.4],
};
const SWAP_VALUES = {
  'disk-swap/inplace/plain/critical/p50': [0.8, 0.9, 0.85],
  'disk-swap/inplace/plain/critical/p99': [3, 4, 3.5],
  'disk-swap/inplace/interrupt-polling/critical/p50': [0.7, 0.8, 0.75],
  'disk-swap/inplace/phase-commit/p50': [0.2, 0.3, 0.2],
  'disk-swap/drain/all/critical/p50': [70, 71, 72],
};

function measured(values: Readonly<Record<string, readonly number[]>>) {
  return {
    values,
    disturbed: {},
    shared: {},
    timed: { all: 0, undisturbed: 0 },
    points: {},
    ledgers: [LEDGER],
    notes: [],
  };
}

function report(): BenchReport {
  const benches = [
    { bench: disk, values: VALUES },
    { bench: diskSwap, values: SWAP_VALUES },
  ].map(({ bench: { name, title, summary, show }, values }) => ({
    name,
    title,
    summary,
    seconds: 1,
    ledger: joinLedgers([LEDGER, LEDGER]),
    ...show([measured(values)], false),
  }));
  return { ...sampleReport(), benches: [...sampleReport().benches, ...benches] };
}

describe('a report of disks', () => {
  it('is one that can be read again', () => {
    const written = report();
    expect(readReport(JSON.stringify(written))).toEqual(JSON.parse(JSON.stringify(written)));
  });

  it('is one of requests too, each of which was done once', () => {
    const written = report();
    const ledger: LedgerResult = { ...LEDGER, of: 'request', wholeShare: 0 };
    const benches = written.benches.map((bench) => ({ ...bench, ledger }));
    const read = readReport(JSON.stringify({ ...written, benches }));
    expect(renderBench(read, undefined, screenOf(process.stdout)).replace(/\s+/g, ' ')).toContain(
      'ledger pass: 4,000 requests, each done once, 2 swaps',
    );
  });

  it('counts blocks, on a terminal and in the page, apart from frames', () => {
    const written = report();
    const text = renderBench(written, undefined, screenOf(process.stdout));
    expect(text.replace(/\s+/g, ' ')).toContain(
      'ledger pass: 8,000 blocks, 1 in 256 compared whole, 4 swaps',
    );
    const page = htmlReport(written);
    expect(page).toContain('8,000 blocks, 1 in 256 compared whole, all others by header and two words');
    const tile = (what: string) => new RegExp(`<dt>${what}</dt><dd>([^<]*)</dd>`).exec(page)?.[1];
    expect(tile('blocks checked')).toMatch(/^16/);
    expect(tile('frames checked')).not.toBe(tile('blocks checked'));
    expect(htmlReport(sampleReport())).not.toContain('blocks checked');
  });

  it('holds what polling costs, and pauses, against goals', () => {
    const [costs, swaps] = report().benches.slice(-2);
    for (const { goals, figures } of [costs, swaps])
      for (const { figure } of goals.slice(0, 2)) expect(figures.map(({ id }) => id)).toContain(figure);
  });
});
