/** The command `run` as it is typed: what it prints and where, for people and for programs. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cardOf } from '../../src/testbed/index.ts';
import { ringswap, root } from './command.ts';
import { reported, reportIn } from './reported.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ESCAPE = '\u001b';
const ERASE = `\r${ESCAPE}[K`;
const SHORT = ['run', '--size', '64', '--frames', '5000', '--swap', 'at=1ms,to=polling'];

describe('a run that passes', () => {
  it('ends with status 0, its report on standard output, nothing on standard error', async () => {
    const { status, stdout, stderr } = await ringswap(SHORT);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^PASS {2}5,000 frames in [\d.]+ m?s · [\d.]+ Mpps · [\d.]+ Gbps · 1 swap\n/);
    const headings = [
      'Devices, counts in frames',
      'Swaps, 1 done of 1 scheduled',
      'Phases, us',
      'Throughput, Mpps',
    ];
    for (const heading of [...headings, 'Ledger, counts in frames']) expect(stdout).toContain(`\n${heading}`);
    expect(stdout).toMatch(/\n +interrupt +polling +1 /);
    expect(stdout).toContain('5,000 offered = 5,000 delivered + 0 dropped');
    expect(stdout.split('\n').at(-2)).toBe('PASS  5,000 frames, 1 swap, no violation');
  });

  it('says one line when it is to be quiet', async () => {
    const outcome = await ringswap([...SHORT, '--quiet']);
    expect(outcome).toEqual({ status: 0, stdout: 'PASS  5,000 frames, 1 swap, no violation\n', stderr: '' });
  });

  it('tells which frames of a capture are left out, beside the report', async () => {
    const capture = join(folder, 'snapped.pcap');
    const content = readFileSync(join(root, 'data/lan-mix.pcap'));
    content.writeUInt32LE(5000, 24 + 12); // the first frame was longer, its record says
    writeFileSync(capture, content);
    const { status, stdout, stderr } = await ringswap(['run', '--capture', capture, '--frames', '5000']);
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: 'eth0: frames of the capture left out: 1 snapped\n',
    });
    expect(stdout).toContain('5,000 delivered');
  });
});

describe('lines', () => {
  // Two cards, long names, a remark, losses and violations: all parts of a report.
  const lossy = 'a-card-with-a-very-long-name-000,driver=test/exec/drivers/loses.mjs:oneIn=100';
  const all = ['run', '--nic', 'eth0,queues=4', '--nic', lossy, '--size', '64', '--frames', '5000'];
  const swap = ['--swap', 'at=1ms,nic=eth0,to=polling,rxRing=128,rxBuffers=100', '--link', 'open'];

  it.each<[string, Record<string, string>]>([
    ['at an unknown width', {}],
    ['at COLUMNS 80', { COLUMNS: '80' }],
  ])('are at most 80 wide, and plain, %s', async (_, env) => {
    const { status, stdout } = await ringswap([...all, ...swap], { env: { ...env, CI: '1' } });
    expect(status).toBe(1);
    for (const part of ['Devices', 'Swaps', 'Throughput', 'Ledger', 'Violations'])
      expect(stdout).toContain(`\n${part}`);
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    expect(stdout).not.toContain(ESCAPE);
  });

  it('have colours where they are wanted, and none with NO_COLOR', async () => {
    const colored = await ringswap([...SHORT, '--quiet'], { env: { FORCE_COLOR: '1' } });
    expect(colored.stdout).toContain(`${ESCAPE}[`);
    const plain = await ringswap([...SHORT, '--quiet'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
    expect(plain.stdout).not.toContain(ESCAPE);
  });
});

describe('the JSON report', () => {
  it('keeps to its schema, and has what the documentation names', async () => {
    const flags = ['--seed', '7', '--app', 'echo', '--frames', '30000', '--size', '64'];
    const report = await reported([
      'run',
      ...flags,
      '--swap',
      'at=1ms,to=polling',
      '--swap',
      'at=1ms,to=batching',
    ]);
    expect(report).toMatchObject({ verdict: 'pass', violations: [], seed: 7, interrupted: false });
    const zero = { lost: 0, duplicated: 0, reordered: 0, damaged: 0, dropped: {}, skipped: {}, dmaFaults: 0 };
    const counts = { offered: 30_000, delivered: 30_000, transmitted: 30_000 };
    expect(report.devices).toMatchObject({ eth0: { ...zero, ...counts, app: 'echo', driver: 'polling' } });
    const quantiles = { p50: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) };
    const times = { criticalSectionUs: quantiles, stallUs: quantiles, controlStallUs: quantiles };
    const pair = { from: 'interrupt', to: 'polling', method: 'inplace', count: 1, ...times };
    expect(report.swaps).toMatchObject({
      count: 1,
      scheduled: 2,
      refused: 1,
      rolledBack: 0,
      byPair: [pair],
      ...times,
    });
    expect(report.swaps.notes).toMatchObject([
      { swap: 2, to: 'batching', outcome: 'refused', phase: 'negotiate' },
    ]);
    expect(report.swaps.notes[0]?.reason).toContain('swap 1 of eth0 is under way');
    const { criticalSectionUs: critical, phasesUs } = report.swaps;
    expect(critical.p50).toBeGreaterThan(0);
    expect(critical.p50).toBe(critical.max);
    expect(phasesUs).toMatchObject({
      prepare: quantiles,
      quiesce: quantiles,
      transfer: quantiles,
      retire: quantiles,
    });
    const { throughput, durationMs, host } = report;
    expect(throughput.mpps).toBeCloseTo(30 / durationMs, 6);
    expect(throughput.gbps).toBeCloseTo((30_000 * 60 * 8) / durationMs / 1e6, 6);
    expect(throughput.timeline.length).toBeGreaterThan(0);
    expect(host).toMatchObject({ node: process.version, cores: expect.any(Number), cpu: expect.any(String) });
    expect(report.covered).toMatchObject({ framesChecked: 60_000, wholePayloadShare: 1 });
  });

  it('goes to standard output alone, and the other report aside', async () => {
    const { status, stdout, stderr } = await ringswap([...SHORT, '--json', '-']);
    expect(status).toBe(0);
    expect(cardOf(reportIn(stdout), 'eth0').delivered).toBe(5000);
    expect(stderr).toMatch(/^PASS {2}5,000 frames/);
  });

  it('is written of a run that fails too', async () => {
    const driver = ['--driver', 'test/exec/drivers/flips.mjs:oneIn=1000'];
    const report = await reported(['run', '--size', '64', '--frames', '5000', ...driver], 1);
    expect(report.verdict).toBe('fail');
    expect(report.violations[0]).toMatchObject({
      invariant: 'damage',
      device: 'eth0',
      queue: 0,
      sequence: 62,
    });
  });
});

describe.runIf(spawnSync('script', ['--version']).status === 0)('on a terminal', () => {
  const onTerminal = (flags: string, env: Record<string, string> = {}) =>
    spawnSync('script', ['-qec', `${process.execPath} dist/cli.js run --size 64 ${flags}`, '/dev/null'], {
      ...{ cwd: root, encoding: 'utf8', maxBuffer: 2 ** 24 },
      env: { PATH: process.env.PATH ?? '', TERM: 'xterm', ...env },
    });

  it('a long run shows how it goes, in one line that is gone at the end', () => {
    const { stdout, status } = onTerminal('--duration 1500ms');
    expect(status).toBe(0);
    const shown = stdout.slice(0, stdout.indexOf('PASS')).split(ERASE);
    expect(shown.length).toBeGreaterThan(2);
    expect(shown[0]).toBe('');
    expect(shown[1]).toMatch(/\d+ % .* Mpps · 0 swaps · 0 frames lost$/);
    expect(shown.at(-1)).not.toContain('Mpps');
    expect(shown.join('')).not.toContain('\n');
  });

  it('a report has colours, and none with NO_COLOR', () => {
    expect(onTerminal('--frames 5000').stdout).toContain(`${ESCAPE}[`);
    const { stdout } = onTerminal('--frames 5000', { NO_COLOR: '1' });
    expect(stdout).toContain('PASS');
    expect(stdout.replaceAll(ERASE, '')).not.toContain(ESCAPE);
  });
});
