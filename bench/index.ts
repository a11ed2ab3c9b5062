/** The benches' public face: run them, read and compare what they found, show it. */
import type { BenchReport } from './results.ts';

export type * from './compare.ts';
export { changeInWords, compareReports, comparisonInWords, countOutcomes } from './compare.ts';
export type * from './figures.ts';
export {
  goalInWords,
  goalsInWords,
  goalsMet,
  inWords,
  judgeGoals,
  SPREAD_EXPLAINED,
  showFigure,
  showTable,
  wholeShareInWords,
} from './figures.ts';
export { htmlReport } from './page/page.ts';
export { readReport } from './read.ts';
export type * from './results.ts';

export interface BenchOptions {
  readonly names: readonly string[];
  readonly quick: boolean;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

export const BENCHES: readonly { name: string; title: string; summary: string }[] = [
  { name: 'receive', title: 'Receive path', summary: 'CPU time a frame costs, beside a bare ring.' },
  { name: 'forward', title: 'Forward path', summary: 'Receive, swap addresses, transmit on a second card.' },
  { name: 'latency', title: 'Latency', summary: 'From cable to application, at three loads.' },
  {
    name: 'swap',
    title: 'Swap',
    summary: 'Critical section and stall of each ordered pair, beside controls.',
  },
  { name: 'traffic', title: 'Cost to the traffic', summary: 'Throughput under many swaps, and after them.' },
  { name: 'loss-free', title: 'Loss-free rate', summary: 'After RFC 2544, without swaps and with them.' },
  { name: 'growth', title: 'Growth', summary: 'Stall against occupancy, queues and devices.' },
  { name: 'memory', title: 'Memory and garbage', summary: 'What the hot path allocates, what a card holds.' },
];

export function runBenches({ names }: BenchOptions): Promise<BenchReport> {
  return Promise.reject(new Error(`there are no benches yet: ${names.join(', ')}`));
}
