// Wrong: when transmit descriptors run short it takes back what the card was told of, without waiting for DD.
import { Polls, polls } from './polls.mjs';

class EarlyReclaim extends Polls {
  room(queue) {
    const ring = this.tx[queue];
    if (ring.free < this.burstFrames) ring.strip();
    return ring.free;
  }
}

export default polls('early-reclaim', 'takes back buffers that are not sent yet', EarlyReclaim);
