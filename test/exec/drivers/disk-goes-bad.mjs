// The polling driver of disks, but it goes bad after so many requests, as its parameter `how` says. Each new driver counts anew.
import { builtInOfDisks } from './ringswap.mjs';

/** What `how` counts. */
const WAYS = [
  'well',
  'throws',
  'does not return',
  'polls in vain',
  'submits and does not say',
  'takes and does not say',
  'takes no requests',
  'says that it rings',
];
/** Doorbells of I/O queues: the admin queue's lie before them. */
const IO_DOORBELLS = 0x1080;
const polling = builtInOfDisks('polling');

/** @type {import('../../../src/testbed/index.ts').DiskDriverDefinition} */
export default {
  ...polling,
  name: 'disk-goes-bad',
  description: 'the polling driver, going bad after a while',
  parameters: [
    ...polling.parameters,
    { name: 'how', description: 'how it goes bad', unit: 'way', min: 0, max: WAYS.length - 1, default: 0 },
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
    const way = WAYS[parameters.how];
    let bad = false;
    const mutes = way === 'says that it rings';
    const port = mutes ? muted(environment.port, () => bad) : environment.port;
    const driver = polling.create({ ...environment, port }, parameters);
    const poll = driver.poll.bind(driver);
    const room = driver.room.bind(driver);
    const silence = () => {
      for (const pair of Reflect.get(driver, 'pairs')) {
        if (way === 'submits and does not say') pair.ringDoorbell = () => undefined;
        if (way === 'takes and does not say') pair.commit = pair.commitUntold;
      }
    };
    let requests = 0;
    driver.room = (queue) => (bad && way === 'takes no requests' ? 0 : room(queue));
    driver.poll = (budget) => {
      bad ||= requests >= parameters.after;
      if (bad && way === 'throws') throw new Error('gone bad');
      if (bad && way === 'does not return') for (;;);
      if (bad && way === 'polls in vain') return 0;
      if (bad) silence();
      const served = poll(budget);
      requests += served;
      return served;
    };
    return driver;
  },
};

/**
 * A disk as a driver sees it that has forgotten its doorbells, while `deaf`.
 * @param {import('../../../src/testbed/index.ts').DiskEnvironment['port']} port
 * @param {() => boolean} deaf
 */
function muted(port, deaf) {
  return new Proxy(port, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (key !== 'write32') return typeof value === 'function' ? value.bind(target) : value;
      return (/** @type {number} */ offset, /** @type {number} */ written) => {
        if (offset < IO_DOORBELLS || !deaf()) target.write32(offset, written);
      };
    },
  });
}
