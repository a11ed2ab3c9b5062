/** What `validate` prints and writes, of given reports. */
import { readFileSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { CHECKERS } from '../../src/check/checker.ts';
import { junit } from '../../src/cli/junit.ts';
import { renderCampaign, renderCampaignVerdict } from '../../src/cli/report/campaign.ts';
import { screen } from '../../src/cli/screen.ts';
import { renderCampaignProgress } from '../../src/cli/validate.ts';
import { FAULTS } from '../../src/exec/sim/faults.ts';
import type { CampaignReport } from '../../src/testbed/index.ts';
import { FAILED_CAMPAIGN, FAILURE, PASSED_CAMPAIGN } from './campaigns.ts';
import { parsed } from './xml.ts';

const OPTIONS = " --driver './my drivers/one.mjs'";

function at(columns: number, report: CampaignReport): string {
  return renderCampaign(report, OPTIONS, screen(columns));
}

function widest(text: string): number {
  return Math.max(...text.split('\n').map((line) => stripVTControlCharacters(line).length));
}

/** Without the breaks of lines. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}

describe('a campaign on the screen', () => {
  it.each([50, 80, 110])('fits into %i columns, with colours too', (columns) => {
    for (const report of [PASSED_CAMPAIGN, FAILED_CAMPAIGN]) {
      expect(widest(at(columns, report))).toBeLessThanOrEqual(columns);
      const colored = renderCampaign(report, OPTIONS, screen(columns, true));
      expect(widest(colored)).toBeLessThanOrEqual(columns);
      expect(stripVTControlCharacters(colored)).toBe(at(columns, report));
    }
  });

  it.each([50, 80, 110])('says the same at %i columns', (columns) => {
    const text = flat(at(columns, FAILED_CAMPAIGN));
    for (const fact of [
      '300 seeds from 0',
      'ended early by the user',
      '2,702,118 done, 250,000 rolled back, 400,000 refused, 50,000 cut off',
      'order on eth1, queue 2, flow 7, sequence 120,422, swap 3 in probation',
      'frame 120422 of flow 7, received, was duplicated',
      '4,812 us of virtual time',
      'frame 4 of flow 0, received, was duplicated',
      'eth1 does <thing> number 39',
      '8 of 4,080 cells are zero',
      '3 seeds of 300 failed: 4294967280, 4294967281, 4294967295',
    ])
      expect(text).toContain(fact);
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });

  it('has each fault with a count for each phase, and a dot where it cannot be', () => {
    const text = at(110, PASSED_CAMPAIGN);
    for (const { fault, least } of PASSED_CAMPAIGN.coverage.faults) {
      const row = text.split('\n').find((line) => line.trim().startsWith(`${fault} `));
      const cells = least.map((count) => (count === null ? '.' : count.toLocaleString('en-US')));
      expect(row?.trim().split(/ +/)).toEqual([fault, ...cells]);
    }
    expect(text).toContain('None of 4,080 cells is zero.');
  });

  it('has tables of disks alone when there were no cards', () => {
    const none = { drivers: [], applications: [], faults: [], pairs: [] };
    const text = at(110, { ...PASSED_CAMPAIGN, coverage: { ...PASSED_CAMPAIGN.coverage, ...none } });
    expect(text).toContain('Faults in phases of swaps, of disks, least count');
    expect(text).toContain('Ordered pairs, of disks, least count');
    expect(text).toContain('\nDisks, times seen\n');
    expect(text).not.toMatch(/Rings|^Of disks/m);
  });

  it('shows the scenario so that it can be copied, and the command that repeats it', () => {
    const text = at(110, FAILED_CAMPAIGN);
    const shown = text.slice(text.indexOf('{"seed"'), text.indexOf('\n  repeat'));
    expect(JSON.parse(shown.replaceAll(/\n +/g, ''))).toEqual(FAILURE.smallest);
    expect(text).toContain(`repeat    ringswap validate --seed 4294967295${OPTIONS}\n`);
  });

  it('has no tables of faults when none could strike', () => {
    const { disks } = PASSED_CAMPAIGN.coverage;
    if (disks === undefined) throw new Error('there are no disks in it');
    const none = { faults: [], pairs: [] };
    const coverage = {
      ...PASSED_CAMPAIGN.coverage,
      ...{ ...none, zero: [], cells: 0, disks: { ...disks, ...none } },
    };
    const text = at(80, { ...PASSED_CAMPAIGN, coverage });
    expect(text).not.toMatch(/Faults|pairs|cells/);
    expect(text).toContain('Rings, cards and disks');
  });

  it('ends with the verdict, which is all when it is to be quiet', () => {
    expect(at(80, PASSED_CAMPAIGN)).toMatch(/\n\nPASS {2}1,000,000 seeds, no violation\n$/);
    const quiet = renderCampaignVerdict(FAILED_CAMPAIGN, OPTIONS, screen(80));
    expect(at(80, FAILED_CAMPAIGN).endsWith(`\n\n${quiet}`)).toBe(true);
    expect(flat(quiet)).toContain(`ringswap validate --seed 4294967280${OPTIONS} --trace shows the first`);
    expect(renderCampaignVerdict(PASSED_CAMPAIGN, '', screen(80))).toBe(
      'PASS  1,000,000 seeds, no violation\n',
    );
  });
});

describe('the line that shows how a campaign goes', () => {
  const progress = {
    elapsedMs: 61_000,
    seeds: 1000,
    total: 1_000_000_000,
    frames: 5e8,
    requests: 2e8,
    swaps: 3e6,
    failed: 0,
  };

  it.each([40, 50, 64, 80, 110])('is shorter than a terminal of %i columns', (columns) => {
    for (const failed of [0, 3, 1_000_000])
      for (const colored of [false, true]) {
        const line = renderCampaignProgress({ ...progress, failed }, screen(columns, colored));
        expect(stripVTControlCharacters(line).length).toBeLessThan(columns);
        expect(line).toContain(failed === 0 ? 'none failed' : 'failed');
      }
  });

  it('says all there is where there is room', () => {
    const before = ' 50 %  1,000 of 2,000 seeds · none failed · 16.4 seeds/s · 50,000 frames';
    const some = { ...progress, total: 2000, frames: 5e4, requests: 2e4, swaps: 300 };
    expect(renderCampaignProgress(some, screen(110))).toBe(`${before} · 20,000 requests · 300 swaps`);
    expect(renderCampaignProgress({ ...some, requests: 0 }, screen(110))).toBe(`${before} · 300 swaps`);
  });
});

describe('JUnit', () => {
  it('is one case when all seeds pass', () => {
    const [suite] = parsed(junit(PASSED_CAMPAIGN));
    expect(suite).toMatchObject({ name: 'testsuite', attributes: { tests: '1', failures: '0' } });
    expect(suite.attributes.time).toBe('12345.678');
    expect(suite.children.map(({ name, children }) => [name, children.length])).toEqual([['testcase', 0]]);
    expect(suite.children[0].attributes.name).toBe('1000000 of the 1000000 seeds from 0');
  });

  it('has a case for each seed that failed, and one for all others', () => {
    const [suite] = parsed(junit(FAILED_CAMPAIGN));
    expect(suite.attributes).toMatchObject({ tests: '4', failures: '3' });
    expect(suite.children.map(({ attributes }) => attributes.name)).toEqual([
      'seed 4294967280',
      'seed 4294967281',
      'seed 4294967295',
      '297 of the 300 seeds from 0',
    ]);
    const failures = suite.children.map(({ children }) => children[0]);
    expect(failures[2]?.attributes.message).toBe(`order: ${FAILURE.message}`);
    expect(failures[2]?.text).toBe(FAILURE.events.join('\n'));
    expect(failures.map((failure) => failure?.name)).toEqual(['failure', 'failure', 'failure', undefined]);
  });

  it('has no case for others when there are none', () => {
    const [suite] = parsed(junit({ ...FAILED_CAMPAIGN, seeds: 3 }));
    expect(suite.attributes).toMatchObject({ tests: '3', failures: '3' });
  });

  it('is well-formed whatever a driver throws', () => {
    const nasty = '<a b="c" d=\'e\'> & ]]> &amp; \n end';
    const unprintable = `\u0000\u0007\u001b[1m${nasty}\ud800\uffff`;
    const failure = { ...FAILURE, message: unprintable, events: [unprintable, 'ü 🙂'] };
    const [suite] = parsed(junit({ ...FAILED_CAMPAIGN, failures: [failure] }));
    const shown = suite.children[2].children[0];
    expect(shown.attributes.message).toBe(`order: [1m${nasty}`);
    expect(shown.text).toBe(`[1m${nasty}\nü 🙂`);
  });
});

describe('the page on validation', () => {
  const page = readFileSync('docs/validation.md', 'utf8');

  it('shows the checker as it is', () => {
    expect(page).toContain(readFileSync('docs/examples/served-soon-checker.mjs', 'utf8'));
  });

  it('names each fault and each checker, in the same words', () => {
    for (const [fault, what] of Object.entries(FAULTS)) expect(page).toContain(`| \`${fault}\` | ${what} |`);
    for (const { name, description } of CHECKERS) expect(page).toContain(`| \`${name}\` | ${description} |`);
  });
});
