// A checker that is wrong itself.
export default {
  name: 'throws',
  description: 'throws at its third look',
  create() {
    let looks = 0;
    return {
      look() {
        if (++looks === 3) throw new Error('no third look');
        return undefined;
      },
    };
  },
};
