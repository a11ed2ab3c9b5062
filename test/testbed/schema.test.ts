import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import reportSchema from '../../schemas/report.schema.json' with { type: 'json' };
import scenarioSchema from '../../schemas/scenario.schema.json' with { type: 'json' };
import { FAILED, PASSED } from '../cli/fixtures.ts';

const ajv = new Ajv2020({ allowUnionTypes: false });
const fits = ajv.compile(reportSchema);

describe('the report schema', () => {
  it('takes reports, as they are after JSON', () => {
    for (const report of [PASSED, FAILED]) {
      fits(JSON.parse(JSON.stringify(report)));
      expect(fits.errors).toBeNull();
    }
  });

  it('demands every key of a report', () => {
    for (const key of Object.keys(PASSED)) {
      expect(fits({ ...PASSED, [key]: undefined }), `without ${key}`).toBe(false);
    }
    expect([...reportSchema.required].sort()).toEqual(Object.keys(PASSED).sort());
  });

  it.each<[string, object]>([
    ['another verdict', { verdict: 'maybe' }],
    ['an unknown key', { extra: 1 }],
    ['a negative count', { covered: { ...PASSED.covered, framesChecked: -1 } }],
    ['half a frame', { covered: { ...PASSED.covered, framesChecked: 0.5 } }],
    ['a quantile that is no number', { swaps: { ...PASSED.swaps, stallUs: { p50: null, p99: 1, max: 1 } } }],
    ['a violation without its invariant', { violations: [{ device: 'eth0', message: 'lost' }] }],
    ['a device that lacks its counts', { devices: { eth0: { driver: 'polling', app: 'sink' } } }],
    ['an unknown outcome of a swap', { swaps: { ...PASSED.swaps, notes: [{ outcome: 'odd' }] } }],
  ])('refuses %s', (_, part) => expect(fits({ ...PASSED, ...part })).toBe(false));
});

describe('both schemas', () => {
  it('are valid by their meta-schema and describe themselves', () => {
    for (const schema of [reportSchema, scenarioSchema]) {
      expect(ajv.validateSchema(schema)).toBe(true);
      expect(schema.title).toMatch(/^ringswap/);
      expect(schema.description.length).toBeGreaterThan(20);
    }
  });
});
