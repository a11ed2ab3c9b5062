import { describe, expect, it } from 'vitest';
import { type GaugedSwap, SwapGauges, Swaps } from '../../bench/gauged-swaps.ts';
import { Lines, Pace } from '../../bench/pace.ts';
import type { SwapRecord } from '../../src/swap/record.ts';

function swap(stallUs: number, gaugeNs = 1000, seldomNs?: number): GaugedSwap {
  const record = { stallUs } as SwapRecord;
  return { record, gauges: { gaugeNs, ...(seldomNs === undefined ? {} : { seldomNs }) } };
}

const stallUs = (record: SwapRecord) => record.stallUs;

describe('quantiles of swaps', () => {
  const quiet = Array.from({ length: 20 }, () => swap(1));

  it('have their median from those in which the cores kept their pace, and their tails from all', () => {
    const slow = Array.from({ length: 80 }, () => swap(2, 1500));
    const swaps = new Swaps([...slow, ...quiet], new Pace());
    expect(swaps.quantile(stallUs, 0.5)).toBe(1);
    expect(swaps.quantile(stallUs, 0.99)).toBe(2);
    expect(swaps.filter(({ stallUs: us }) => us === 2).all.length).toBe(80);
  });

  it('have it from all where the cores hardly ever kept their pace', () => {
    const far = Array.from({ length: 80 }, () => swap(2, 1000, 900));
    const swaps = new Swaps([...far, ...quiet.slice(1).map(() => swap(1, 1000, 200))], new Pace());
    expect(swaps.settled).toBe(false);
    expect(swaps.quantile(stallUs, 0.5)).toBe(2);
  });

  it('are none where nothing has a value', () => {
    expect(
      new Swaps(quiet, new Pace()).quantile(({ controlStallUs }) => controlStallUs, 0.5),
    ).toBeUndefined();
  });
});

describe('gauges', () => {
  it('are asked behind each swap, and go with the last ones', () => {
    const gauges = new SwapGauges();
    for (let i = 0; i < 3; i++) gauges.swapEnded();
    const [first, last] = gauges.of([swap(1).record, swap(2).record], 300);
    expect(first.record.stallUs).toBe(1);
    expect(last.gauges.seldomNs).toBe(300);
    expect(last.gauges.gaugeNs).toBeGreaterThan(0);
    expect(last.gauges.gaugeNs).toBeLessThan(1e9);
  });

  it('that were not asked are of no pace', () => {
    const pace = new Pace();
    pace.know({ gaugeNs: 1000 });
    const [{ gauges }] = new SwapGauges().of([swap(1).record]);
    expect(pace.own(gauges)).toBe(false);
  });

  it('fetch each line once that the other side wrote', () => {
    const buffer = new SharedArrayBuffer(128 + Lines.BYTES);
    const [writer, reader] = [new Lines(buffer, 128), new Lines(buffer, 128)];
    writer.write();
    expect(reader.fetchNs()).toBeGreaterThan(0);
    const words = new Int32Array(buffer, 128);
    expect(words.filter((word) => word === 1).length).toBe(64);
    expect(new Int32Array(buffer, 0, 32).every((word) => word === 0)).toBe(true);
  });
});
