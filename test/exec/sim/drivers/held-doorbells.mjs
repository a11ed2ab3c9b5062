// Wrong: holds doorbells back for a while, and does not ring them when it has to go.
import { Polls, polls } from './polls.mjs';

const HOLD_POLLS = 4;

class HeldDoorbells extends Polls {
  #polls = 0;

  transmit(queue, burst, segments, source, position) {
    this.tx[queue].enqueue(burst, segments, source, position);
  }

  poll(budget) {
    const frames = super.poll(budget);
    if (++this.#polls % HOLD_POLLS === 0) for (const ring of this.tx) ring.ringDoorbell();
    return frames;
  }

  quiesce() {
    this.mask(this.vectorBits());
  }

  exportState() {}
}

export default polls('held-doorbells', 'goes without ringing doorbells that it holds back', HeldDoorbells);
