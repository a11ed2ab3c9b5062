// The polling driver, but it throws when it has been practised for long: on scratch cards, however many drivers of it there were.
import { builtIn } from './ringswap.mjs';

/** Frames: more than what is practised when a thread starts, less than before its first handover. */
const ENOUGH = 850_000;
const polling = builtIn('polling');
let practised = 0;

/** @type {import('../../../src/testbed/index.ts').NicDriverDefinition} */
export default {
  ...polling,
  name: 'tires',
  description: 'the polling driver, which tires of practice',
  create(environment, parameters) {
    const driver = polling.create(environment, parameters);
    if (environment.port.name !== 'scratch') return driver;
    const poll = driver.poll.bind(driver);
    driver.poll = (budget) => {
      if (practised > ENOUGH) throw new Error('tired');
      const served = poll(budget);
      practised += served;
      return served;
    };
    return driver;
  },
};
