/** The command `run` as it is typed: what it prints, where, what it writes, and how it ends. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, describe, expect, it } from 'vitest';
import schema from '../../schemas/report.schema.json' with { type: 'json' };
import { readCapture } from '../../src/hw/link/capture.ts';
import type { Report } from '../../src/testbed/index.ts';
import { ringswap, root } from './command.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-run-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fits = new Ajv2020().compile<Report>(schema);
const ESCAPE = '\u001b';
const ERASE = `\r${ESCAPE}[K`;
const SHORT = ['run', '--size', '64', '--frames', '5000', '--swap', 'at=1ms,to=polling'];

function path(name: string): string {
  return join(folder, name);
}

function reportIn(text: string): Report {
  const report: unknown = JSON.parse(text);
  if (!fits(report)) throw new Error(JSON.stringify(fits.errors));
  return report;
}

/** Runs with --json FILE, to its end with this status. */
async function reported(argv: readonly string[], status = 0): Promise<Report> {
  const file = path('report.json');
  rmSync(file, { force: true });
  const outcome = await ringswap([...argv, '--quiet', '--json', file]);
  expect({ status: outcome.status, stderr: outcome.stderr }).toEqual({ status, stderr: '' });
  return reportIn(readFileSync(file, 'utf8'));
}

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
    const capture = path('snapped.pcap');
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
  const all = ['run', '--nic', 'eth0,queues=4', '--nic', lossy, '--size', '64', '--frames', '20000'];
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
    expect(reportIn(stdout).devices.eth0?.delivered).toBe(5000);
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

describe('a scenario file', () => {
  it('is run as it says, shortened by a flag: data/start.json', async () => {
    const report = await reported(['run', '--scenario', 'data/start.json', '--frames', '40000']);
    expect(report).toMatchObject({ verdict: 'pass', seed: 1 });
    expect(report.devices).toMatchObject({
      eth0: { app: 'echo', offered: 40_000, delivered: 40_000, transmitted: 40_000, dropped: {} },
      eth1: { app: 'sink', offered: 40_000, delivered: 40_000, transmitted: 0, dropped: {} },
    });
    expect(report.swaps.scheduled).toBeGreaterThan(0);
  });
});

describe('SIGINT', () => {
  const announces = 'test/exec/drivers/announces.mjs:oneIn=20000';
  const endless = ['run', '--size', '64', '--frames', '1e12', '--app', 'echo'];
  const interruptAt = 'frames are served';

  it('ends a run with its report and the status of its verdict', async () => {
    const { status, stdout, stderr } = await ringswap([...endless, '--driver', announces, '--json', '-'], {
      interruptAt,
    });
    expect(status).toBe(0);
    const report = reportIn(stdout);
    expect(report).toMatchObject({ verdict: 'pass', interrupted: true, violations: [] });
    const { offered = 0, delivered, transmitted } = report.devices.eth0 ?? {};
    expect(offered).toBeGreaterThanOrEqual(20_000);
    expect({ delivered, transmitted }).toEqual({ delivered: offered, transmitted: offered });
    expect(stderr).toContain('Ending the run');
    expect(stderr.replace(/\s+/g, ' ')).toContain('ended early by the user');
  });

  it('does not make a failed run pass', async () => {
    const cards = [
      '--nic',
      `eth0,driver=${announces}`,
      '--nic',
      'eth1,driver=test/exec/drivers/loses.mjs:oneIn=100',
    ];
    const { status, stdout } = await ringswap([...endless, ...cards, '--json', '-'], { interruptAt });
    expect(status).toBe(1);
    const report = reportIn(stdout);
    expect(report).toMatchObject({ verdict: 'fail', interrupted: true });
    expect(report.violations[0]).toMatchObject({ invariant: 'delivery', device: 'eth1' });
    expect(report.devices.eth0).toMatchObject({ lost: 0, damaged: 0, duplicated: 0, reordered: 0 });
  });
});

describe('a recording', () => {
  const file = path('run.pcapng');
  const tshark = (...argv: readonly string[]) => {
    const { stdout, stderr } = spawnSync('tshark', ['-r', file, ...argv], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    });
    const warnings = stderr
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('Running as user "root"'));
    expect(warnings).toEqual([]);
    return stdout.split('\n').filter((line) => line !== '');
  };

  it('has every frame that crossed the links, each swap as a comment, and tshark reads it', async () => {
    const cards = ['--nic', 'eth0,app=echo', '--nic', 'eth1,size=128'];
    const load = ['--size', '64', '--rate', '100k', '--frames', '4000', '--swap-every', '4ms'];
    const report = await reported(['run', ...cards, ...load, '--pcap-out', file]);
    expect(report.verdict).toBe('pass');
    const lengths = readCapture(file).frames.map(({ bytes }) => bytes.length);
    expect(lengths.filter((length) => length === 60)).toHaveLength(8000);
    expect(lengths.filter((length) => length === 124)).toHaveLength(4000);
    expect(lengths).toHaveLength(12_000);

    if (spawnSync('tshark', ['--version']).status !== 0) return;
    const fields = ['frame.interface_name', 'frame.packet_flags_direction', 'frame.len'];
    const crossed = tshark('-T', 'fields', ...fields.flatMap((name) => ['-e', name]));
    const kinds = (interfaceName: string, direction: string, length: number) =>
      crossed.filter((line) => line === `${interfaceName}\t0x0000000${direction}\t${length}`).length;
    expect([kinds('eth0', '1', 60), kinds('eth0', '2', 60), kinds('eth1', '1', 124)]).toEqual([
      4000, 4000, 4000,
    ]);
    const blocks = tshark('-X', 'read_format:MIME Files Format', '-V').join('\n');
    expect(blocks).not.toMatch(/malformed|expert info/i);
    const comments = [...blocks.matchAll(/Comment = swap (\d+): (eth[01]) (\w+) -> (\w+) \(inplace\) done/g)];
    expect(comments).toHaveLength(report.swaps.count);
    expect(new Set(comments.map(([, number]) => number)).size).toBe(report.swaps.count);
    expect(tshark('-Y', 'frame.comment', '-T', 'fields', '-e', 'frame.comment').join()).toContain(
      'swap 1: eth',
    );
  });
});

describe('a dump', () => {
  it('is shown by inspect: registers, state block and rings as the run left them', async () => {
    const dump = path('end.dump');
    await reported([
      'run',
      '--size',
      '64',
      '--frames',
      '5000',
      '--swap',
      'at=1ms,to=batching',
      '--dump',
      dump,
    ]);
    const { status, stdout, stderr } = await ringswap(['inspect', dump]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^eth0 {2}driver batching, taken at \d{4}-/);
    expect(stdout).toMatch(/ GPRC +0x04074 +RC +0x00001388 +5000\n/);
    expect(stdout).toMatch(new RegExp(` RDH\\[0\\] +0x01010 +RW +0x[0-9a-f]{8} +${5000 % 512}\\n`));
    expect(stdout).toMatch(/ rxActive +1 +0x00000001\n/);
    expect(stdout).toMatch(/ adoptions +1 +0x00000001\n/);
    expect(stdout).toContain('Receive ring 0, 512 descriptors');
    expect(stdout).toContain('Transmit ring 0, 512 descriptors');
    expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    const rings = await ringswap(['inspect', dump, '--rings']);
    expect(rings.stdout).not.toContain('GPRC');
    expect(rings.stdout).toContain('Receive ring 0');
  });

  it('is there of an interrupted run too', async () => {
    const dump = path('early.dump');
    const flags = ['--driver', 'test/exec/drivers/announces.mjs:oneIn=1000', '--dump', dump, '--quiet'];
    const argv = ['run', '--size', '64', '--frames', '1e12', ...flags];
    expect((await ringswap(argv, { interruptAt: 'frames are served' })).status).toBe(0);
    expect(existsSync(dump)).toBe(true);
    expect((await ringswap(['inspect', dump])).stdout).toMatch(/^eth0 {2}driver announces/);
  });
});

describe.runIf(spawnSync('script', ['--version']).status === 0)('on a terminal', () => {
  const command = `${process.execPath} dist/cli.js run --size 64 --duration 1500ms --app sink`;
  const onTerminal = (env: Record<string, string>) =>
    spawnSync('script', ['-qec', command, '/dev/null'], {
      ...{ cwd: root, encoding: 'utf8', maxBuffer: 2 ** 24 },
      env: { PATH: process.env.PATH ?? '', TERM: 'xterm', ...env },
    });

  it('a long run shows how it goes, in one line that is gone at the end', () => {
    const { stdout, status } = onTerminal({});
    expect(status).toBe(0);
    const shown = stdout.slice(0, stdout.indexOf('PASS')).split(ERASE);
    expect(shown.length).toBeGreaterThan(2);
    expect(shown[0]).toBe('');
    expect(shown[1]).toMatch(/\d+ % .* Mpps · 0 swaps · 0 frames lost$/);
    expect(shown.at(-1)).not.toContain('Mpps');
    expect(shown.join('')).not.toContain('\n');
  });

  it('NO_COLOR is honoured', () => {
    const { stdout } = onTerminal({ NO_COLOR: '1' });
    expect(stdout).toContain('PASS');
    expect(stdout.replaceAll(ERASE, '')).not.toContain(ESCAPE);
  });
});
