// Wrong: reads a ring that a move has added as far as the card has written it, not as far as it may be read.
import { Polls, polls } from './polls.mjs';

class ReadsPastTheGate extends Polls {
  queuesChanged() {
    super.queuesChanged();
    for (const ring of this.rx) ring.limited = false;
  }
}

export default polls('reads-past-the-gate', 'reads further than the state block allows', ReadsPastTheGate);
