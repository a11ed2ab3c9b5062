/** `ringswap conform` as a command: its threads load the module in the simulation's build. */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import schema from '../../schemas/conform.schema.json' with { type: 'json' };
import type { ConformReport } from '../../src/testbed/index.ts';
import { ringswap } from './command.ts';

const fits = new Ajv2020().compile<ConformReport>(schema);

function reportIn(text: string): ConformReport {
  const report: unknown = JSON.parse(text);
  if (!fits(report)) throw new Error(JSON.stringify(fits.errors));
  return report;
}

describe('ringswap conform', () => {
  it('says of a driver that keeps the contract that it does', async () => {
    const { status, stdout, stderr } = await ringswap([
      'conform',
      'docs/examples/lazy-polling.mjs',
      ...['--seeds', '3'],
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.match(/^pass {2}/gm)).toHaveLength(24);
    expect(stdout).toMatch(/\nPASS {2}lazy-polling 1\.0\.0 keeps the contract in 24 points/);
  });

  it('asks a driver of disks what can be asked of one', async () => {
    const { status, stdout } = await ringswap([
      'conform',
      'docs/examples/lazy-disk.ts',
      ...['--seeds', '1', '--json', '-'],
    ]);
    expect(status).toBe(0);
    const { verdict, points } = reportIn(stdout);
    expect(verdict).toBe('pass');
    expect(points.map(({ verdict: found }) => found)).toEqual(points.map(() => 'pass'));
    expect(points.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['from-buffered', 'moves', 'resets']),
    );
  });

  it('names what a wrong one does, and how to see it again', async () => {
    const driver = 'test/exec/sim/drivers/early-reclaim.mjs';
    const { status, stdout, stderr } = await ringswap(['conform', driver, '--seeds', '80', '--json', '-']);
    expect(status).toBe(1);
    const report = reportIn(stdout);
    const alone = report.points.find(({ name }) => name === 'alone');
    expect(alone).toMatchObject({ verdict: 'fail', explanation: { invariant: 'transmit' } });
    const command = `ringswap conform ${driver} --point alone --from ${alone?.seed} --seeds 1`;
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(command);

    const again = await ringswap([...command.split(' ').slice(1), '--json', '-']);
    expect(again.status).toBe(1);
    expect(reportIn(again.stdout).points).toEqual([alone]);
  });

  it.each([
    [['nowhere.mjs'], 'driver module nowhere.mjs: there is no such file'],
    [['polling', '--point', 'alon'], 'there is no point alon (did you mean "alone"?)'],
    [['polling', '--seeds', '0'], '--seeds 0: must be a whole number from 1 to 1,000,000'],
    [['polling', '--json', 'no/such/folder/x.json'], '--json no/such/folder/x.json: '],
  ])('%j is bad usage', async (argv, message) => {
    const { status, stdout, stderr } = await ringswap(['conform', ...argv]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`ringswap: ${message}`);
  });
});
