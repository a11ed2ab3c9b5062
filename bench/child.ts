/** A process in which one bench measures, once. */
import { benchNamed } from './benches.ts';

const [name = '', quick = ''] = process.argv.slice(2);

benchNamed(name)
  .measure(quick === 'quick')
  .then(
    ({ values, points, ledgers, notes }) =>
      answer({ kind: 'measured', measured: { values, points, ledgers, notes } }),
    (error: unknown) =>
      answer({
        kind: 'failed',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  );

/** The channel keeps the process alive until the answer is on its way. */
function answer(message: object): void {
  process.send?.(message, () => process.disconnect());
}
