// The polling driver, but each one of it gives its third burst to nobody.
import { NIC_DRIVERS } from 'ringswap';

const polling = NIC_DRIVERS.find(({ name }) => name === 'polling');

/** @type {import('ringswap').NicDriverDefinition} */
export default {
  ...polling,
  name: 'loses',
  create(environment, parameters) {
    let bursts = 0;
    return polling.create({ ...environment, deliver }, parameters);

    function deliver(queue, burst) {
      if (++bursts !== 3) return environment.deliver(queue, burst);
      for (let i = 0; i < burst.segments; i++) environment.pool.put(burst.buffers[i]);
      return burst.segments;
    }
  },
};
