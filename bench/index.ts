/** The benches' public face: run them, read and compare what they found, show it. */

export { BENCHES } from './benches.ts';
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
export { BenchFailure, type BenchOptions, runBenches } from './run.ts';
