/** A process in which one bench measures, once. */
import { benchNamed } from './benches.ts';
import { type Gauges, pace } from './pace.ts';

const [name = '', quick = '', known = ''] = process.argv.slice(2);

pace.know(JSON.parse(known) as Gauges);

benchNamed(name)
  .measure(quick === 'quick')
  .then(
    ({ values, disturbed, shared, timed, points, ledgers, notes }) =>
      answer({
        kind: 'measured',
        measured: { values, disturbed, shared, timed, points, ledgers, notes },
        pace: pace.known,
      }),
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
