// Wrong: stores `consumed` for a burst only when it comes round again, to save a store in each round.
import { Polls, polls } from './polls.mjs';

class LateCommit extends Polls {
  #delivered = new Map();

  receive(ring, budget) {
    this.#commit(ring);
    const { consume } = ring;
    ring.consume = (segments, frames) => {
      this.#delivered.set(ring, [segments, frames]);
    };
    const frames = super.receive(ring, budget);
    ring.consume = consume;
    return frames;
  }

  #commit(ring) {
    const delivered = this.#delivered.get(ring);
    this.#delivered.delete(ring);
    if (delivered !== undefined) ring.consume(...delivered);
  }
}

export default polls('late-commit', 'says a round later that the application has a burst', LateCommit);
