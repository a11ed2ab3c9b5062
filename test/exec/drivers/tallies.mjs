// The polling driver, with a tally of its frames in words of its own, in one version or another.
import { STATE_FORMAT } from 'ringswap';
import { builtIn } from './ringswap.mjs';

const MARK = 0x7a11;
const polling = builtIn('polling');

/**
 * `mark` and `frames`: where the words are.
 *
 * @param {{ version: string, format: string, mark: number, frames: number }} what
 * @returns {import('../../../src/testbed/index.ts').NicDriverDefinition}
 */
export function tallies({ version, format, mark, frames }) {
  return {
    ...polling,
    name: 'tallies',
    version,
    exports: [format, STATE_FORMAT],
    imports: [format, STATE_FORMAT],
    create(environment, parameters) {
      const { own } = environment.state;
      const driver = polling.create(environment, parameters);
      const { start, importState, poll } = driver;
      const begin = () => {
        own.clear();
        own.set(mark, MARK);
        own.declare(format);
      };
      driver.start = function* () {
        yield* start.call(driver);
        begin();
      };
      driver.importState = (given) => {
        importState.call(driver, given);
        if (given !== format) begin();
        else if (own.get(mark) !== MARK) throw new Error(`${format} has no mark`);
      };
      driver.poll = (budget) => {
        const served = poll.call(driver, budget);
        if (served > 0) own.set(frames, (own.get(frames) + served) | 0);
        return served;
      };
      return driver;
    },
  };
}
