// The polling driver, but on eth0 it does not come back from a poll: once, and never where the directory is there that says so.
import { existsSync, mkdirSync } from 'node:fs';
import { builtIn } from './ringswap.mjs';

const POLLS = 5000;
const polling = builtIn('polling');
const once = process.env.RINGSWAP_HANGS_ONCE;

/** @type {import('../../../src/testbed/index.ts').NicDriverDefinition} */
export default {
  ...polling,
  name: 'hangs-once',
  description: 'the polling driver, which does not come back once',
  create(environment, parameters) {
    const driver = polling.create(environment, parameters);
    if (environment.port.name !== 'eth0' || once === undefined || existsSync(once)) return driver;
    const poll = driver.poll.bind(driver);
    let polls = 0;
    driver.poll = (budget) => {
      if (++polls === POLLS) {
        mkdirSync(once);
        for (;;);
      }
      return poll(budget);
    };
    return driver;
  },
};
