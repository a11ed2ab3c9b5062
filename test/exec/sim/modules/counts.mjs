// A checker that finds fault with nothing, and says how often it was made and asked.
import { writeSync } from 'node:fs';

/** @type {import('ringswap').CheckerDefinition} */
export default {
  name: 'counts',
  description: 'says how often it is asked',
  create({ cards, pool, noticed, memory }) {
    writeSync(2, `made for ${cards.map(({ name }) => name).join(' ')}\n`);
    let looks = 0;
    return {
      look() {
        const known = cards.every(({ delivered, state }) => delivered.seen >= 0 && state.rx(0) > 0);
        if (!known || pool.capacity === 0 || noticed.length > 0 || memory.words.length === 0)
          throw new Error('?');
        if (++looks === 100) writeSync(2, 'asked 100 times\n');
        return undefined;
      },
    };
  },
};
