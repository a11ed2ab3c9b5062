// The polling driver, but on eth0 it goes bad after so many frames, as its parameter `how` says. Each new driver counts anew.
import { builtIn } from './ringswap.mjs';

/** What `how` counts. */
const WAYS = [
  'well',
  'throws',
  'polls in vain',
  'posts nothing',
  'posts and does not say',
  'sends and does not say',
  'scribbles, and throws',
];
const TDT = 0x06018;
const RDT = 0x01018;
const polling = builtIn('polling');

/** @type {import('../../../src/testbed/index.ts').NicDriverDefinition} */
export default {
  ...polling,
  name: 'goes-bad',
  description: 'the polling driver, going bad after a while',
  parameters: [
    ...polling.parameters,
    { name: 'how', description: 'how it goes bad', unit: 'way', min: 0, max: WAYS.length - 1, default: 0 },
    {
      name: 'after',
      description: 'frames that it serves before',
      unit: 'frames',
      min: 0,
      max: 1e9,
      default: 1000,
    },
  ],
  create(environment, parameters) {
    const way = WAYS[parameters.how];
    let bad = false;
    // A card as a driver sees it that has forgotten a doorbell.
    const silenced = way === 'sends and does not say' ? TDT : way === 'posts and does not say' ? RDT : -1;
    const port = new Proxy(environment.port, {
      get(target, key) {
        const value = Reflect.get(target, key, target);
        if (key !== 'write32') return typeof value === 'function' ? value.bind(target) : value;
        return (/** @type {number} */ offset, /** @type {number} */ written) => {
          if (!bad || offset !== silenced) target.write32(offset, written);
        };
      },
    });
    const pool = new Proxy(environment.pool, {
      get(target, key) {
        const value = Reflect.get(target, key, target);
        if (key === 'claim' && bad && way === 'posts nothing') return () => 0;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const driver = polling.create(
      silenced < 0 && way !== 'posts nothing' ? environment : { ...environment, port, pool },
      parameters,
    );
    if (environment.port.name !== 'eth0') return driver;
    const poll = driver.poll.bind(driver);
    let frames = 0;
    driver.poll = (budget) => {
      bad ||= frames >= parameters.after;
      if (bad && way === 'throws') throw new Error('gone bad');
      if (bad && way === 'scribbles, and throws') {
        const { memory, state } = environment;
        memory.words[state.rx(0) + 1] = 7; // the length of its ring, which is a power of two
        throw new Error('gone bad');
      }
      if (bad && way === 'polls in vain') return 0;
      const served = poll(budget);
      frames += served;
      return served;
    };
    return driver;
  },
};
