// Takes a frame and gives it to nobody.
import { saboteur } from './saboteur.mjs';

export default saboteur('loses', (environment, _queue, burst) => {
  environment.pool.put(burst.buffers[0]);
  return 1;
});
