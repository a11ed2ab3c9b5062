// Says on standard error that it has served a frame in many: a test waits for that.
import { writeSync } from 'node:fs';
import { firstOf, saboteur } from './saboteur.mjs';

const STDERR = 2;

export default saboteur('announces', ({ deliver }, queue, burst) => {
  writeSync(STDERR, 'frames are served\n');
  return deliver(queue, firstOf(burst, 1));
});
