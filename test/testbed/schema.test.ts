import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import campaignSchema from '../../schemas/campaign.schema.json' with { type: 'json' };
import reportSchema from '../../schemas/report.schema.json' with { type: 'json' };
import scenarioSchema from '../../schemas/scenario.schema.json' with { type: 'json' };
import { DISK_DRIVERS, NIC_DRIVERS } from '../../src/drivers/index.ts';
import { FAULT_NAMES } from '../../src/exec/sim/faults.ts';
import { drawScenario } from '../../src/exec/sim/scenario.ts';
import { APPLICATIONS } from '../../src/host/apps/applications.ts';
import { FAILED_CAMPAIGN, FAILURE, PASSED_CAMPAIGN } from '../cli/campaigns.ts';
import { FAILED, PASSAGES, PASSED } from '../cli/fixtures.ts';

const ajv = new Ajv2020({ allowUnionTypes: false });
const fits = ajv.compile(reportSchema);

describe('the report schema', () => {
  it('takes reports, as they are after JSON', () => {
    const ownDrivers = [{ name: 'mine#2', version: '1.1.0', file: './mine.ts' }];
    for (const report of [PASSED, FAILED, { ...PASSED, ownDrivers }, { ...PASSED, passages: PASSAGES }]) {
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
    ['a driver without its file', { ownDrivers: [{ name: 'mine', version: '1' }] }],
    [
      'a recovery without a reason',
      { passages: { ...PASSAGES, notes: [{ atMs: 1, from: 0, to: 1, cause: 'hang' }] } },
    ],
    ['an unknown outcome of a swap', { swaps: { ...PASSED.swaps, notes: [{ outcome: 'odd' }] } }],
  ])('refuses %s', (_, part) => expect(fits({ ...PASSED, ...part })).toBe(false));
});

describe('the campaign schema', () => {
  const fitsCampaign = ajv.compile(campaignSchema);

  it('takes reports of campaigns, as they are after JSON', () => {
    for (const report of [PASSED_CAMPAIGN, FAILED_CAMPAIGN]) {
      fitsCampaign(JSON.parse(JSON.stringify(report)));
      expect(fitsCampaign.errors).toBeNull();
    }
  });

  it('demands every key of a report', () => {
    for (const key of Object.keys(PASSED_CAMPAIGN))
      expect(fitsCampaign({ ...PASSED_CAMPAIGN, [key]: undefined }), `without ${key}`).toBe(false);
    expect([...campaignSchema.required].sort()).toEqual(Object.keys(PASSED_CAMPAIGN).sort());
  });

  it('describes each scenario that can be drawn', () => {
    const course = undefined;
    const drivers = { drivers: NIC_DRIVERS, diskDrivers: DISK_DRIVERS };
    const deck = { ...drivers, apps: APPLICATIONS, faults: new Set(FAULT_NAMES), course };
    for (let seed = 0; seed < 200; seed++) {
      const smallest = drawScenario(seed, { ...deck, subject: undefined, swaps: true });
      fitsCampaign({ ...FAILED_CAMPAIGN, failures: [{ ...FAILURE, smallest }] });
      expect(fitsCampaign.errors, `seed ${seed}`).toBeNull();
    }
  });

  it.each<[string, object]>([
    ['another verdict', { verdict: 'maybe' }],
    ['an unknown key', { extra: 1 }],
    ['half a seed', { seeds: 0.5 }],
    ['a seed of more than 32 bits', { failedSeeds: [2 ** 32] }],
    ['a failure without its invariant', { failures: [{ ...FAILURE, invariant: undefined }] }],
    ['a failure without its smallest scenario', { failures: [{ ...FAILURE, smallest: null }] }],
    ['a negative count', { coverage: { ...PASSED_CAMPAIGN.coverage, cells: -1 } }],
    ['a phase without a count', { coverage: { ...PASSED_CAMPAIGN.coverage, faults: [{ fault: 'reset' }] } }],
  ])('refuses %s', (_, part) => expect(fitsCampaign({ ...PASSED_CAMPAIGN, ...part })).toBe(false));
});

describe('all schemas', () => {
  it('are valid by their meta-schema and describe themselves', () => {
    for (const schema of [reportSchema, scenarioSchema, campaignSchema]) {
      expect(ajv.validateSchema(schema)).toBe(true);
      expect(schema.title).toMatch(/^ringswap/);
      expect(schema.description.length).toBeGreaterThan(20);
    }
  });
});
