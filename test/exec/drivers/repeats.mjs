// Delivers a frame twice: itself, and a copy in a buffer of its own.
import { firstOf, saboteur } from './saboteur.mjs';

export default saboteur('repeats', ({ pool, memory, deliver }, queue, burst) => {
  const copy = pool.take();
  if (copy < 0) return 0;
  const from = pool.address(burst.buffers[0]);
  memory.bytes.copyWithin(pool.address(copy), from, from + burst.lengths[0]);
  const twice = {
    ...firstOf(burst, 1),
    buffers: Int32Array.of(burst.buffers[0], copy),
    segments: 2,
    frames: 2,
  };
  twice.lengths = Int32Array.of(burst.lengths[0], burst.lengths[0]);
  twice.ends = Uint8Array.of(1, 1);
  const taken = deliver(queue, twice);
  if (taken < 2) pool.put(copy);
  return Math.min(taken, 1);
});
