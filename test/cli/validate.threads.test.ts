/** The command `validate` as it is typed, in the built program. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import schema from '../../schemas/campaign.schema.json' with { type: 'json' };
import { type CampaignReport, runCampaign, traceSeed } from '../../src/testbed/index.ts';
import { ringswap, root } from './command.ts';
import { type Refusal, refuses } from './refusals.ts';
import { parsed } from './xml.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-validate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MODULES = 'test/exec/sim/modules';
const LOSES = `${MODULES}/loses.mjs`;
const SERVED_SOON = 'docs/examples/served-soon-checker.mjs';

const fits = new Ajv2020().compile<CampaignReport>(schema);

function reportIn(text: string): CampaignReport {
  const report: unknown = JSON.parse(text);
  if (!fits(report)) throw new Error(JSON.stringify(fits.errors));
  return report;
}

function validate(...flags: string[]) {
  return ringswap(['validate', ...flags]);
}

describe('a campaign that passes', () => {
  it('ends with status 0, and says the same on the screen, as JSON and as JUnit', async () => {
    const [json, xml] = [join(folder, 'pass.json'), join(folder, 'pass.xml')];
    const { status, stdout, stderr } = await validate('--seeds', '100', '--json', json, '--junit', xml);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^PASS {2}100 seeds from 0 · /);
    expect(stdout).toMatch(/\n\nPASS {2}100 seeds, no violation\n$/);
    for (const heading of ['Faults in phases', 'Ordered pairs', 'Rings, cards and disks'])
      expect(stdout).toContain(`\n${heading}`);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    const report = reportIn(readFileSync(json, 'utf8'));
    expect(report).toMatchObject({ verdict: 'pass', from: 0, seeds: 100, failedSeeds: [], failures: [] });
    expect(report.frames).toBeGreaterThan(60 * 400);
    expect(Object.values(report.outcomes).reduce((sum, count) => sum + count, 0)).toBe(report.swaps);
    const [suite] = parsed(readFileSync(xml, 'utf8'));
    expect(suite.attributes).toMatchObject({ tests: '1', failures: '0' });
  });

  it('says one line when it is to be quiet, or JSON alone', async () => {
    const few = ['--seeds', '5', '--threads', '1'];
    expect(await validate(...few, '--quiet')).toEqual({
      status: 0,
      stdout: 'PASS  5 seeds, no violation\n',
      stderr: '',
    });
    const { stdout, stderr } = await validate(...few, '--json', '-', '--faults', 'none');
    expect(reportIn(stdout)).toMatchObject({ seeds: 5, faults: [], coverage: { cells: 0 } });
    expect(stderr).toMatch(/^PASS {2}5 seeds/);
  });

  it('comes to the same in shards and on any number of threads', async () => {
    const seeds = 25;
    const whole = await runCampaign({ seeds, from: 7, threads: 2 });
    const shards = await Promise.all(
      [1, 2].map((index) => runCampaign({ seeds, from: 7, threads: 1, shard: { index, of: 2 } })),
    );
    expect(shards.map(({ from }) => from)).toEqual([7, 19]);
    const sum = (of: (report: CampaignReport) => number) =>
      shards.reduce((total, shard) => total + of(shard), 0);
    expect(sum(({ seeds }) => seeds)).toBe(seeds);
    expect(sum(({ frames }) => frames)).toBe(whole.frames);
    expect(sum(({ outcomes }) => outcomes.done ?? 0)).toBe(whole.outcomes.done);
    const empty = 'transmit ring empty';
    expect(sum(({ coverage }) => coverage.situations[empty])).toBe(whole.coverage.situations[empty]);
  });
});

describe('a driver that loses frames', () => {
  it('fails a campaign, and the command that is printed fails again in the same way', async () => {
    const [json, xml] = [join(folder, 'fail.json'), join(folder, 'fail.xml')];
    const files = ['--json', json, '--junit', xml];
    const { status, stdout } = await validate('--seeds', '30', '--driver', LOSES, ...files);
    expect(status).toBe(1);
    const report = reportIn(readFileSync(json, 'utf8'));
    expect(report.verdict).toBe('fail');
    const [failure] = report.failures;
    expect(report.failedSeeds[0]).toBe(failure?.seed);
    expect(failure?.smallest).toMatchObject({ seed: failure?.seed });
    expect(failure?.events.join('\n')).toContain('VIOLATION');
    expect(stdout).toContain(`broken    ${failure?.invariant} on eth`);
    const [suite] = parsed(readFileSync(xml, 'utf8'));
    expect(suite.attributes.failures).toBe(String(report.failedSeeds.length));
    expect(suite.children[0].attributes.name).toBe(`seed ${failure?.seed}`);

    const [, command] = /repeat {4}ringswap (.*)\n/.exec(stdout) ?? [];
    expect(command).toBe(`validate --seed ${failure?.seed} --driver ${LOSES}`);
    const again = await ringswap([...(command ?? '').split(' '), '--json', '-']);
    expect(again.status).toBe(1);
    expect(reportIn(again.stdout).failures).toEqual([failure]);

    const trace = await ringswap([...(command ?? '').split(' '), '--trace']);
    expect(trace.status).toBe(1);
    expect(trace.stdout).toContain(
      `VIOLATION of ${failure?.invariant} at ${failure?.device}: ${failure?.message}`,
    );
  });

  it('ends a campaign early', async () => {
    const report = await runCampaign({ seeds: 100_000, driver: LOSES });
    expect(report.failedSeeds.length).toBeGreaterThanOrEqual(20);
    expect(report.seeds).toBeLessThan(1000);
    expect(report.failedSeeds).toEqual([...report.failedSeeds].sort((a, b) => a - b));
  });
});

describe('a trace', () => {
  it('is the same text each time', async () => {
    const first = await validate('--seed', '12', '--trace');
    const second = await validate('--seed', '12', '--trace', '--threads', '2');
    expect(first).toMatchObject({ status: 0, stderr: '' });
    expect(second.stdout).toBe(first.stdout);
    const lines = first.stdout.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(1000);
    expect(lines.every((line) => /^ *\d+\.\d{3} {2}\S/.test(line))).toBe(true);
    const { lines: fromLibrary, violation } = await traceSeed(12);
    expect({ violation, lines: fromLibrary }).toEqual({ violation: undefined, lines });
  });
});

describe('checkers and applications of the user', () => {
  it('are asked: the checker of the documentation lets all drivers pass', async () => {
    const { status, stderr } = await validate('--seeds', '30', '--checker', SERVED_SOON, '--quiet');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('can fail a campaign', async () => {
    const strict = join(folder, 'strict checker.mjs');
    const text = readFileSync(join(root, SERVED_SOON), 'utf8');
    writeFileSync(strict, text.replace('MOST_LOOKS = 10_000', 'MOST_LOOKS = 30'));
    const { status, stdout } = await validate('--seeds', '30', '--checker', strict, '--faults', 'stalledCpu');
    expect(status).toBe(1);
    const flat = stdout.replaceAll(/\s+/g, ' ');
    expect(flat).toContain('frames have lain in a ring for 30 looks');
    // As a shell takes it: the path has a space.
    expect(stdout.replaceAll(/\n +/g, '')).toContain(`strict checker.mjs'`);
    expect(flat).toContain("--faults stalledCpu --checker '");
  });

  it('are asked between the steps of each scenario, several of them', async () => {
    const both = ['--checker', `${MODULES}/counts.mjs`, '--checker', SERVED_SOON];
    // A CPU that takes over from another one is looked at by new ones.
    const alone = ['--seeds', '3', '--threads', '1', '--faults', 'shortBudget'];
    const { status, stderr } = await validate(...alone, ...both, '--quiet');
    expect(status).toBe(0);
    expect(stderr.match(/^made for eth0( eth\d)*$/gm)?.length).toBe(3);
    expect(stderr.match(/^asked 100 times$/gm)?.length).toBe(3);
  });

  it('are named when they fail themselves', async () => {
    const { status, stdout } = await validate('--seed', '3', '--checker', `${MODULES}/throws.mjs`);
    expect(status).toBe(1);
    expect(stdout).toContain('checker throws threw: no third look');
  });

  it('pass: the application of the documentation, under all drivers', async () => {
    const json = join(folder, 'app.json');
    const { status } = await validate(
      '--seeds',
      '40',
      '--app',
      'docs/examples/counting-sink.mjs',
      '--json',
      json,
    );
    expect(status).toBe(0);
    expect(reportIn(readFileSync(json, 'utf8')).coverage.applications).toEqual(['counting-sink']);
  });

  it('pass: the driver of disks of the documentation, on machines without cards', async () => {
    const json = join(folder, 'disks.json');
    const driver = ['--driver', 'docs/examples/lazy-disk.ts'];
    const { status, stdout } = await validate('--seeds', '40', ...driver, '--json', json);
    expect(status).toBe(0);
    expect(stdout).toContain('\nFaults in phases of swaps, of disks');
    const { frames, requests, coverage } = reportIn(readFileSync(json, 'utf8'));
    expect(frames).toBe(0);
    expect(requests).toBeGreaterThan(40 * 100);
    expect(coverage).toMatchObject({ drivers: [], faults: [], pairs: [] });
    expect(coverage.disks?.drivers).toEqual(['interrupt', 'polling', 'batching', 'buffered', 'lazy-disk']);
    expect(coverage.zero.filter((cell) => !cell.endsWith('|blocks'))).toEqual([]);
  });
});

describe('bad usage', () => {
  const nowhere = join(folder, 'nowhere', 'report');
  const cases: Refusal[] = [
    ['no seeds', ['--seeds', '0'], '--seeds 0: must be a whole number from 1 to 1,000,000,000'],
    ['seeds that are no number', ['--seeds', 'x'], '--seeds x: must be a whole number'],
    ['seeds beyond the last', ['--from', '4294967290', '--seeds', '7'], 'no seed beyond 4,294,967,295'],
    ['a shard that there is not', ['--shard', '5/4'], 'shard 5/4: give the number of a part'],
    ['a shard in other words', ['--shard', 'x'], '--shard x: give the number of a part', 'as 1/4'],
    ['an unknown fault', ['--faults', 'foo'], 'there is no fault foo', 'choose from lateWriteBack'],
    ['a misspelt fault', ['--faults', 'silence,linkflap'], 'no fault linkflap', 'did you mean "linkFlap"?'],
    ['one seed and many', ['--seed', '1', '--seeds', '2'], '--seed names one seed', '--seeds'],
    ['a trace of no seed', ['--trace'], '--trace shows one seed', '--seed'],
    ['a trace as JSON', ['--seed', '1', '--trace', '--json', '-'], '--trace prints text'],
    ['no driver', ['--driver', 'missing.mjs'], 'driver module missing.mjs: there is no such file'],
    ['no application', ['--app', 'missing.mjs'], 'application module missing.mjs: there is no such file'],
    [
      'a checker that is none',
      ['--checker', `${MODULES}/not-a-checker.mjs`],
      'not-a-checker.mjs:1:1: `create` is missing, a function was wanted',
    ],
    ['JSON nowhere', ['--json', nowhere], `--json ${nowhere}`, 'no such file or directory'],
  ];
  refuses(cases.map(([what, flags, ...said]) => [what, ['validate', ...flags], ...said]));
});
