// The application `sink`, but it throws instead of taking the frames of its hundredth burst, and all later ones.
import { APPLICATIONS } from 'ringswap';

const AFTER = 100;
const sink = APPLICATIONS.find(({ name }) => name === 'sink');
if (sink === undefined) throw new Error('there is no application sink');

/** @type {import('../../../src/testbed/index.ts').ApplicationDefinition} */
export default {
  ...sink,
  name: 'throws',
  description: 'sink, but it throws after a while',
  create(environment) {
    const application = sink.create(environment);
    let bursts = 0;
    return {
      name: 'throws',
      receive(slot, queue, burst) {
        if (++bursts > AFTER) throw new Error('gone bad');
        return application.receive(slot, queue, burst);
      },
    };
  },
};
