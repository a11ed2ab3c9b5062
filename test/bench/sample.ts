/** A report such as benches make, drawn by lot: the same for the same seed, else other values of the same distributions. */
import type { BenchReport } from '../../bench/results.ts';
import { Lot, type SampleOptions } from './sample/lot.ts';
import { forward, latency, receive } from './sample/paths.ts';
import { growth, lossFree, memory, swap, traffic } from './sample/swaps.ts';

export function sampleReport(options: SampleOptions = {}): BenchReport {
  const { seed = 1, quick = false } = options;
  const lot = new Lot(seed, options);
  const benches = [
    receive(lot),
    forward(lot),
    latency(lot),
    swap(lot),
    traffic(lot),
    lossFree(lot),
    growth(lot),
    memory(lot),
  ];
  return {
    version: 1,
    quick,
    seconds: benches.reduce((sum, bench) => sum + bench.seconds, 0),
    verdict: 'pass',
    environment: {
      date: `2026-11-${String(10 + (seed % 20))}T09:30:00.000Z`,
      ringswap: '0.1.0',
      node: 'v20.20.2',
      v8: '11.3.244.8-node.38',
      platform: 'linux x64',
      cpu: 'Intel(R) Xeon(R) Platinum 8375C CPU @ 2.90GHz',
      cores: 2,
      memoryBytes: 8_232_591_360,
      load: [0.31, 1.87],
      stolenMs: 2.417,
    },
    benches,
  };
}
