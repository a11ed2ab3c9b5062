// The interrupt driver, but on a card where its parameter `in` says so it throws.
import { builtIn } from './ringswap.mjs';

/** What `in` counts. */
const PLACES = [
  'nowhere',
  'create',
  'start',
  'importState',
  'activate',
  'poll',
  'quiesce',
  'exportState',
  'release',
  'stop',
];
const interrupt = builtIn('interrupt');

/** @type {import('../../../src/testbed/index.ts').NicDriverDefinition} */
export default {
  ...interrupt,
  name: 'throws',
  description: 'the interrupt driver, throwing where it is told to',
  parameters: [
    ...interrupt.parameters,
    { name: 'in', description: 'where it throws', unit: 'place', min: 0, max: PLACES.length - 1, default: 0 },
    { name: 'after', description: 'calls that go well before', unit: 'calls', min: 0, max: 1e9, default: 0 },
    { name: 'times', description: 'calls that throw', unit: 'calls', min: 1, max: 1e9, default: 1e9 },
  ],
  create(environment, parameters) {
    const { in: place, after, times } = parameters;
    const where = PLACES[place];
    if (where === 'create') throw new Error('thrown in create');
    let calls = 0;
    return new Proxy(interrupt.create(environment, parameters), {
      get(driver, key) {
        const value = Reflect.get(driver, key, driver);
        if (key !== where || typeof value !== 'function')
          return typeof value === 'function' ? value.bind(driver) : value;
        return (/** @type {unknown[]} */ ...given) => {
          calls++;
          if (calls > after && calls <= after + times) throw new Error(`thrown in ${where}`);
          return Reflect.apply(value, driver, given);
        };
      },
    });
  },
};
