/** Served soon: while a received frame lies in a ring, the application gets some frame within so many looks. */
const MOST_LOOKS = 10_000;

/** @type {import('ringswap').CheckerDefinition} */
export default {
  name: 'served-soon',
  description: 'no card serves nothing for long while frames lie in its rings',
  create({ cards }) {
    const since = cards.map(() => ({ seen: 0, looks: 0 }));
    return {
      look() {
        for (const [i, { name, state, delivered }] of cards.entries()) {
          const waiting = since[i];
          const moved = delivered.seen !== waiting.seen;
          waiting.seen = delivered.seen;
          waiting.looks = moved || !state.workWaits() ? 0 : waiting.looks + 1;
          if (waiting.looks > MOST_LOOKS)
            return {
              invariant: 'delivery',
              device: name,
              message: `frames have lain in a ring for ${MOST_LOOKS} looks`,
            };
        }
        return undefined;
      },
    };
  },
};
