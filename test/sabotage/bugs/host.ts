/** Planted in the host: how a CPU takes interrupts, blames failures, and what its applications do. */
import type { Sabotage } from '../sabotage.ts';

export const HOST_BUGS: readonly Sabotage[] = [
  {
    name: 'two-spacings-of-lines',
    part: 'host',
    file: 'src/host/card.ts',
    edits: [
      {
        find: 'connectVector(vector, cpu, index * LINES_PER_DEVICE + vector);',
        replace: 'connectVector(vector, cpu, index * QUEUES + vector);',
      },
    ],
    says:
      'Vectors are aimed at lines eight a card, and taken apart by sixteen: the interrupts of the second card go ' +
      "to the first one's driver, and the second is never woken.",
    interleaved: false,
  },
  {
    name: 'lines-taken-by-load-and-store',
    part: 'host',
    file: 'src/hw/msix.ts',
    edits: [
      {
        find: 'return exchange(this.memory.words, this.pending + group, 0);',
        replace:
          'const lines = load(this.memory.words, this.pending + group);\n' +
          '    store(this.memory.words, this.pending + group, 0);\n' +
          '    return lines;',
      },
    ],
    says:
      'The CPU reads its pending lines and then clears them: a line raised in between is cleared unseen, and its ' +
      'vector has masked itself.',
    interleaved: true,
  },
  {
    name: 'failure-of-the-exit-blamed-on-the-sender',
    part: 'host',
    file: 'src/host/cpu.ts',
    edits: [
      {
        find: 'const culprit = error instanceof ExitFailure ? this.slots[error.slot] : slot;',
        replace: 'const culprit = slot;',
      },
    ],
    says:
      "A driver on probation that throws while another card's application sends by it is not swapped back: the " +
      'failure is charged to the card whose frames they were, and ends the run.',
    interleaved: true,
  },
  {
    name: 'counted-before-sent',
    part: 'host',
    file: 'src/host/apps/sender.ts',
    edits: [
      {
        find: '    this.check.burst(burst, segments, queue);\n    return segments;',
        replace: '    return segments;',
      },
      {
        find: 'this.swapAddresses(burst, segments);\n    try {',
        replace:
          'this.swapAddresses(burst, segments);\n    this.check.burst(burst, segments, queue);\n    try {',
      },
    ],
    says:
      'Echo and forward take note of a burst before it is sent: when the exit throws, it is offered again and ' +
      'processed twice.',
    interleaved: true,
  },
  {
    name: 'addresses-stay-exchanged',
    part: 'host',
    file: 'src/host/apps/sender.ts',
    edits: [
      {
        find: '      this.revert(burst);\n      throw error;',
        replace: '      throw error;',
      },
    ],
    says:
      'When the exit throws, echo leaves the addresses exchanged in a burst that it has not sent: offered again, ' +
      'they are exchanged back, and the frames are sent as they came.',
    interleaved: true,
  },
  {
    name: 'one-frame-more-than-room',
    part: 'host',
    file: 'src/host/apps/sender.ts',
    edits: [
      {
        find: 'for (let i = 0; i < room; i++) if (burst.ends[i] !== 0)',
        replace: 'for (let i = 0; i <= room; i++) if (burst.ends[i] !== 0)',
      },
    ],
    says:
      'A sender takes one segment more than its exit has room for: the transmit ring is filled to the last slot, ' +
      'which the card takes for an empty one, or a held exit is made to send.',
    interleaved: false,
  },
];
