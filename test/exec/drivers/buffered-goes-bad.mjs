// The buffered driver of disks, but it throws after so many requests. Each new driver counts anew.
import { builtInOfDisks } from './ringswap.mjs';

const buffered = builtInOfDisks('buffered');

/** @type {import('../../../src/testbed/index.ts').DiskDriverDefinition} */
export default {
  ...buffered,
  name: 'buffered-goes-bad',
  description: 'the buffered driver, going bad after a while',
  parameters: [
    ...buffered.parameters,
    {
      name: 'after',
      description: 'requests that it serves before',
      unit: 'requests',
      min: 0,
      max: 1e9,
      default: 1000,
    },
  ],
  create(environment, parameters) {
    const driver = buffered.create(environment, parameters);
    const poll = driver.poll.bind(driver);
    let requests = 0;
    driver.poll = (budget) => {
      if (requests >= parameters.after) throw new Error('gone bad');
      const served = poll(budget);
      requests += served;
      return served;
    };
    return driver;
  },
};
