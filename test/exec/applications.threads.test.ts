/** Applications of the user's own on real threads: the example, one that sends, and some that break their contract. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cardOf, Testbed } from '../../src/testbed/index.ts';
import { ringswap } from '../cli/command.ts';
import { reportIn } from '../cli/reported.ts';
import { expectLossless, runUntil } from './runs.ts';

const COUNTING = './docs/examples/counting-sink.mjs';
const folder = mkdtempSync(join(tmpdir(), 'ringswap-applications-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The module of a sink that receives in this way; `check` and `pool` are at hand, and `free(burst)`. */
function sink(name: string, receive: string): string {
  const path = join(folder, `${name}.mjs`);
  writeFileSync(
    path,
    `export default {
      name: '${name}', description: 'a sink that goes wrong', sends: 'nothing',
      create({ check, pool }) {
        const free = (burst) => { for (let i = 0; i < burst.segments; i++) pool.put(burst.buffers[i]); };
        let bursts = 0;
        return { name: '${name}', receive(slot, queue, burst) { bursts++; ${receive} } };
      },
    };`,
  );
  return path;
}

it('the counting sink of the documentation passes while drivers are swapped below it, and counts all frames', async () => {
  const cards = ['--nic', 'eth0,queues=4', '--size', 'imix', '--frames', '8000', '--rate', '20000'];
  const { status, stdout, stderr } = await ringswap([
    ...['run', ...cards, '--app', COUNTING, '--swap-every', '4ms,rxBuffers=128/512', '--json', '-'],
  ]);
  expect(status).toBe(0);
  const report = reportIn(stdout);
  expectLossless(report);
  expect(report.devices.eth0).toMatchObject({ app: 'counting-sink', offered: 8000, transmitted: 0 });
  expect(report.swaps.count).toBeGreaterThan(0);
  const told = [...stderr.matchAll(/eth0: (\d+) frames, by queue ([\d ]+)/g)].at(-1);
  const byQueue = (told?.[2] ?? '').split(' ').map(Number);
  expect(byQueue.reduce((sum, frames) => sum + frames, 0)).toBe(Number(told?.[1]));
  expect(Number(told?.[1])).toBeGreaterThanOrEqual(4000);
  expect(byQueue.slice(4)).toEqual([0, 0, 0, 0]);
});

it('an application that sends back is held to that, whatever its name', async () => {
  const report = await runUntil(4, {
    ...{ size: 'imix', rate: 50_000, swapEvery: { interval: '2ms' } },
    app: 'test/exec/applications/echoes.mjs',
  });
  expectLossless(report);
  const { app, transmitted, delivered } = cardOf(report, 'eth0');
  expect({ app, transmitted }).toEqual({ app: 'echoes', transmitted: delivered });
});

describe('an application fails the run when it', () => {
  it.each([
    ['throws', "if (bursts > 20) throw new Error('boom');", 'application throws threw: boom'],
    ['returns nothing', 'free(burst); return;', 'application forgets took undefined of'],
  ])('%s', async (what, wrong, message) => {
    const right = 'check.burst(burst, burst.segments, queue); free(burst); return burst.segments;';
    const app = sink(what === 'throws' ? what : 'forgets', `${wrong} ${right}`);
    const report = await new Testbed({ size: 64, duration: '60m', app }).run();
    expect(report.verdict).toBe('fail');
    const [first] = report.violations;
    expect(first).toMatchObject({ invariant: 'driver', device: 'eth0' });
    expect(first?.message).toContain(message);
  });

  it('takes frames and does not have them checked', async () => {
    const app = sink('careless', 'free(burst); return burst.segments;');
    const report = await new Testbed({ size: 64, frames: 2000, app }).run();
    expect(report.verdict).toBe('fail');
    expect(report.violations).toMatchObject([{ invariant: 'delivery', device: 'eth0' }]);
    expect(report.devices.eth0).toMatchObject({ offered: 2000, delivered: 0, lost: 2000 });
  });

  it('keeps a buffer', async () => {
    const app = sink(
      'hoards',
      'check.burst(burst, burst.segments, queue); if (bursts !== 3) free(burst); return burst.segments;',
    );
    const report = await new Testbed({ size: 64, frames: 2000, app }).run();
    expect(report.verdict).toBe('fail');
    expect(report.violations.every(({ invariant }) => invariant === 'buffers')).toBe(true);
  });
});
