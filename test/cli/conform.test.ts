import { stripVTControlCharacters } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import schema from '../../schemas/conform.schema.json' with { type: 'json' };
import { conformHeading, conformLine, renderConform } from '../../src/cli/report/conform.ts';
import { screen } from '../../src/cli/screen.ts';
import type { ConformPoint, ConformReport } from '../../src/testbed/index.ts';

const PASSED: ConformPoint = {
  name: 'alone',
  title: 'serves alone',
  verdict: 'pass',
  says: '52,856 frames',
};
const FAILED: ConformPoint = {
  name: 'from-batching-faults',
  title: 'batching → mine, under faults',
  verdict: 'fail',
  says: 'look at the rings once more after unmasking (EIMS), before poll returns',
  seed: 1234,
  explanation: {
    invariant: 'interrupts',
    message: 'frames lie in a ring, its vector is enabled, and nobody was told',
    device: 'eth1',
    queue: 2,
    swap: 1,
    phase: 'probation',
    events: ['    1089.250  eth1 writes EIMS = 0xff', '   81092.125  VIOLATION of interrupts at eth1'],
  },
};
const SKIPPED: ConformPoint = {
  name: 'drain',
  title: 'lets its rings run dry (method=drain)',
  verdict: 'skipped',
  says: 'not tried: to-itself comes first',
};
const BENCH: ConformPoint = {
  name: 'methods',
  title: 'has the methods of a driver',
  verdict: 'fail',
  says: 'there is no method stop',
};

function reportOf(...points: ConformPoint[]): ConformReport {
  const verdict = points.some((point) => point.verdict === 'fail') ? 'fail' : 'pass';
  const driver = { name: 'mine', version: '0.1.0' };
  return { version: 1, verdict, driver, seeds: 100, from: 0, elapsedMs: 12_000, points };
}

describe('what conform prints', () => {
  it('a line for each point', () => {
    const lines = [PASSED, SKIPPED, BENCH, FAILED].map((point) => conformLine(point, screen(80)));
    expect(lines).toEqual([
      'pass  alone                 serves alone: 52,856 frames\n',
      '-     drain                 not tried: to-itself comes first\n',
      'fail  methods               has the methods of a driver: there is no method stop\n',
      'fail  from-batching-faults  batching → mine, under faults\n',
    ]);
  });

  it('of a failure what broke, what to do, how to repeat it, and the last events', () => {
    const text = renderConform(reportOf(PASSED, FAILED), './mine.mjs', screen(80));
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'from-batching-faults, seed 1,234 broken interrupts on eth1, queue 2, swap 1 in probation',
    );
    expect(text).toMatch(/advice {2}look at the rings once more/);
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'ringswap conform ./mine.mjs --point from-batching-faults --from 1234 --seeds 1',
    );
    expect(text).toContain('eth1 writes EIMS = 0xff');
    expect(text).toMatch(/\nFAIL {2}mine 0\.1\.0 breaks it in 1 of 2 points \(12\.0 s\)\n$/);
  });

  it('events once for each advice', () => {
    const again = { ...FAILED, name: 'to-itself' };
    const text = renderConform(reportOf(FAILED, again), 'mine.mjs', screen(80));
    expect(text.match(/writes EIMS = 0xff/g)).toHaveLength(1);
    expect(text).toMatch(/likewise {2}to-itself \(1234\)\n/);
  });

  it('how many points were not tried', () => {
    const text = renderConform(reportOf(PASSED, SKIPPED), 'mine.mjs', screen(80));
    expect(text).toBe('\nPASS  mine 0.1.0 keeps the contract in 1 point, 1 not tried (12.0 s)\n');
  });

  it.each([50, 80, 110])('in %i columns, with colours too', (columns) => {
    for (const colored of [false, true]) {
      const text = [
        conformHeading('./somewhere/deep/down/in/folders/mine.mjs', 100, 0, screen(columns, colored)),
        ...[PASSED, FAILED, SKIPPED, BENCH].map((point) => conformLine(point, screen(columns, colored))),
        renderConform(reportOf(PASSED, FAILED, SKIPPED), './mine.mjs', screen(columns, colored)),
      ].join('');
      for (const line of stripVTControlCharacters(text).split('\n'))
        expect(line.length).toBeLessThanOrEqual(columns);
    }
  });

  it('is described by its schema', () => {
    const ajv = new Ajv2020();
    expect(ajv.validateSchema(schema)).toBe(true);
    const fits = ajv.compile(schema);
    fits(JSON.parse(JSON.stringify(reportOf(PASSED, FAILED, SKIPPED, BENCH))));
    expect(fits.errors).toBeNull();
    for (const key of schema.required) expect(fits({ ...reportOf(PASSED), [key]: undefined })).toBe(false);
  });
});
