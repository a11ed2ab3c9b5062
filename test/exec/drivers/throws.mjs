// A driver that throws where its parameter `in` says, on the real card, and works until then.
import { builtIn } from './ringswap.mjs';

/** What `in` counts; 0 is nowhere. */
export const PLACES = [
  'nowhere',
  'create',
  'start',
  'importState',
  'activate',
  'poll',
  'interrupt',
  'quiesce',
  'exportState',
  'release',
  'stop',
  'room',
  'transmit',
];
const base = builtIn('interrupt');

/** @type {import('../../../src/testbed/index.ts').NicDriverDefinition} */
export default {
  ...base,
  name: 'throws',
  description: 'the interrupt driver, throwing where it is told to',
  parameters: [
    ...base.parameters,
    { name: 'in', description: 'where it throws', unit: 'place', min: 0, max: PLACES.length - 1, default: 0 },
    { name: 'calls', description: 'calls that go well before', unit: 'calls', min: 0, max: 1e9, default: 0 },
    { name: 'times', description: 'calls that throw', unit: 'calls', min: 0, max: 1e9, default: 1e9 },
  ],
  create(environment, parameters) {
    const place = PLACES[parameters.in];
    if (place === 'create') throw new Error('thrown in create');
    const driver = base.create(environment, parameters);
    let calls = 0;
    return new Proxy(driver, {
      get(target, key) {
        const value = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (/** @type {unknown[]} */ ...given) => {
          if (key === place) {
            const n = calls++;
            if (n >= parameters.calls && n < parameters.calls + parameters.times)
              throw new Error(`thrown in ${place}`);
          }
          return Reflect.apply(value, target, given);
        };
      },
    });
  },
};
