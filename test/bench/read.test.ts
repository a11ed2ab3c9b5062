import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { readReport } from '../../bench/index.ts';
import type { BenchReport } from '../../bench/results.ts';
import schema from '../../schemas/bench.schema.json' with { type: 'json' };
import { sampleReport } from './sample.ts';

const REPORT = sampleReport();
const [BENCH] = REPORT.benches;

function withBench(part: object): object {
  return { ...REPORT, benches: [{ ...BENCH, ...part }] };
}

describe('the bench schema', () => {
  const ajv = new Ajv2020({ allowUnionTypes: true });
  const fits = ajv.compile<BenchReport>(schema);

  it('is valid by its meta-schema and describes itself', () => {
    expect(ajv.validateSchema(schema)).toBe(true);
    expect(schema.title).toMatch(/^ringswap/);
    expect(schema.description.length).toBeGreaterThan(20);
  });

  it('takes a report, as it is after JSON', () => {
    fits(JSON.parse(JSON.stringify(REPORT)));
    expect(fits.errors).toBeNull();
  });

  it('demands every key of a report, of a bench, and of what else has all of its keys', () => {
    const { environment, bench, ledger } = schema.$defs;
    const parts: [object, readonly string[], (part: object) => object][] = [
      [REPORT, schema.required, (part) => part],
      [REPORT.environment, environment.required, (part) => ({ ...REPORT, environment: part })],
      [BENCH, bench.required, (part) => ({ ...REPORT, benches: [part] })],
      [BENCH.ledger, ledger.required, (part) => withBench({ ledger: part })],
    ];
    for (const [part, required, within] of parts) {
      expect([...required].sort()).toEqual(Object.keys(part).sort());
      for (const key of required)
        expect(fits(within({ ...part, [key]: undefined })), `without ${key}`).toBe(false);
    }
  });

  it.each<[string, object]>([
    ['another verdict', { ...REPORT, verdict: 'maybe' }],
    ['an unknown key', { ...REPORT, extra: 1 }],
    ['a figure without values', withBench({ figures: [{ id: 'x', unit: 'ns', values: [] }] })],
    ['a value that is no number', withBench({ figures: [{ id: 'x', unit: 'ns', values: [null] }] })],
    ['an unknown unit', withBench({ figures: [{ id: 'x', unit: 'furlong', values: [1] }] })],
    [
      'a cell that is figure and text',
      withBench({
        tables: [{ ...BENCH.tables[0], rows: [{ keys: [], cells: [{ figure: 'x', text: 'y' }] }] }],
      }),
    ],
    ['an unknown plot', withBench({ plots: [{ kind: 'pie', title: 'x' }] })],
    ['more than all frames', withBench({ ledger: { ...BENCH.ledger, wholeShare: 1.5 } })],
  ])('refuses %s', (_, report) => expect(fits(report)).toBe(false));
});

describe('an older report', () => {
  it('is read as it was written', () => {
    expect(readReport(JSON.stringify(REPORT))).toEqual(REPORT);
  });

  it.each<[string, string, string | RegExp]>([
    ['no JSON', '{', /^is no JSON: /],
    ['something else', '[]', /^is no bench report: it must be object/],
    ['a report of a run', '{"version":1,"verdict":"pass"}', /^is no bench report: it must have/],
    [
      'another version',
      JSON.stringify({ ...REPORT, version: 2 }),
      'is a bench report of version 2; this ringswap reads version 1',
    ],
    [
      'a broken part, by its place',
      JSON.stringify(withBench({ figures: [{ id: 'x', unit: 'ns', values: ['1'] }] })),
      '/benches/0/figures/0/values/0 must be number',
    ],
  ])('is refused: %s', (_, text, message) => expect(() => readReport(text)).toThrow(message));
});
