/** What the command `run` reads and writes besides its report, and how it ends when it is interrupted. */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCapture } from '../../src/hw/link/capture.ts';
import { cardOf } from '../../src/testbed/index.ts';
import { ringswap } from './command.ts';
import { reported, reportIn } from './reported.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-run-files-'));
afterAll(() => rmSync(folder, { recursive: true }));

function path(name: string): string {
  return join(folder, name);
}

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
    const { offered, delivered, transmitted } = cardOf(report, 'eth0');
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
    const load = ['--size', '64', '--rate', '100k', '--frames', '6000', '--swap-every', '4ms'];
    const report = await reported(['run', ...cards, ...load, '--pcap-out', file]);
    expect(report.verdict).toBe('pass');
    expect(report.swaps.count).toBeGreaterThan(0);
    const lengths = readCapture(file).frames.map(({ bytes }) => bytes.length);
    expect(lengths.filter((length) => length === 60)).toHaveLength(12_000);
    expect(lengths.filter((length) => length === 124)).toHaveLength(6000);
    expect(lengths).toHaveLength(18_000);

    if (spawnSync('tshark', ['--version']).status !== 0) return;
    const fields = ['frame.interface_name', 'frame.packet_flags_direction', 'frame.len'];
    const crossed = tshark('-T', 'fields', ...fields.flatMap((name) => ['-e', name]));
    const kinds = (interfaceName: string, direction: string, length: number) =>
      crossed.filter((line) => line === `${interfaceName}\t0x0000000${direction}\t${length}`).length;
    expect([kinds('eth0', '1', 60), kinds('eth0', '2', 60), kinds('eth1', '1', 124)]).toEqual([
      6000, 6000, 6000,
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
