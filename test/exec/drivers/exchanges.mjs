// Delivers a frame in the place of the next one of its flow, and that one in its place.
import { firstOf, saboteur } from './saboteur.mjs';

/** IPv4 addresses and ports: bytes of a frame. */
const FLOW_FROM = 26;
const FLOW_TO = 38;

export default saboteur('exchanges', ({ pool, memory, deliver }, queue, burst) => {
  const flowOf = (/** @type {number} */ index) => {
    const frame = pool.address(burst.buffers[index]);
    return memory.bytes.slice(frame + FLOW_FROM, frame + FLOW_TO).join();
  };
  let next = 1;
  while (next < burst.segments && flowOf(next) !== flowOf(0)) next++;
  if (next >= burst.segments) return 0; // it is offered again, with more behind it
  const exchanged = firstOf(burst, next + 1);
  exchanged.buffers[0] = burst.buffers[next];
  exchanged.buffers[next] = burst.buffers[0];
  exchanged.lengths[0] = burst.lengths[next];
  exchanged.lengths[next] = burst.lengths[0];
  return deliver(queue, exchanged);
});
