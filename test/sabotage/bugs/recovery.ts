/** Planted where a CPU decides on what the one before had left in doubt, and where threads wait for each other. */
import type { Sabotage } from '../sabotage.ts';

export const RECOVERY_BUGS: readonly Sabotage[] = [
  {
    name: 'one-ring-in-doubt',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [
      {
        find:
          '    for (let left = state.receiving; left !== 0; left &= left - 1)\n' +
          '      settleRing(card, lowestBit(left), calls, burst);\n',
        replace: '    settleRing(card, lowestBit(state.receiving), calls, burst);\n',
      },
    ],
    says: 'Only the first ring of a card is asked for its burst in doubt: one of another queue is sent, or checked, twice.',
    interleaved: true,
  },
  {
    name: 'one-transmit-ring-asked',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [
      {
        find: '    if (call !== undefined) calls.push(call);\n',
        replace: '    if (call !== undefined) calls[0] = call;\n',
      },
    ],
    says: 'Of what transmit rings say was sent only the last ring is believed: a burst that left by another one leaves again.',
    interleaved: true,
  },
  {
    name: 'shadows-given-away',
    part: 'host',
    file: 'src/host/stock.ts',
    edits: [
      {
        find: 'return [environment.state.region, ...rings, ...shadows];',
        replace: 'return [environment.state.region, ...rings];',
      },
    ],
    says: 'The pages of shadows count as free after a crash: the next ring that a swap makes is laid over one.',
    interleaved: true,
  },
  {
    name: 'last-frame-alone-put-back',
    part: 'host',
    file: 'src/host/apps/sender.ts',
    edits: [
      {
        find: '    for (let i = last; i >= 0; i--) {\n',
        replace: '    for (let i = last; i === last && i >= 0; i--) {\n',
      },
    ],
    says: 'Of a burst that comes again the addresses of its last frame are put back, and those of all before stay exchanged.',
    interleaved: true,
  },
  {
    name: 'whole-burst-taken-for-sent',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [
      {
        find: '  check.burst(burst, sent.segments, ring.logical);\n',
        replace: '  check.burst(burst, burst.segments, ring.logical);\n',
      },
    ],
    says: 'Of a burst in doubt of which a part was sent all of it is checked: the rest comes once more.',
    interleaved: true,
  },
  {
    name: 'versions-that-return',
    part: 'swap',
    file: 'src/swap/assignment.ts',
    edits: [
      {
        find: 'store(this.words, this.at + HOLDS, (version + 1) | 0);',
        replace: 'store(this.words, this.at + HOLDS, description);',
      },
    ],
    says: 'Descriptions are not counted: a CPU that was made two swaps ago finds all as it was, and takes over with that driver.',
    interleaved: true,
  },
  {
    name: 'starts-when-called',
    part: 'host',
    file: 'src/exec/threads/cpu-thread.ts',
    edits: [
      {
        find: '    while (tenure.holder !== number) {\n',
        replace: '    while (!tenure.isCalled(number)) {\n',
      },
    ],
    says: 'The CPU that stands by begins when it is called, and does not wait until the one that serves has left.',
    interleaved: false,
    onThreads: true,
  },
  {
    name: 'ended-when-followed',
    part: 'host',
    file: 'src/exec/threads/cpus.ts',
    edits: [
      {
        find: '    await serving.handle.terminate();\n  }\n\n  wake',
        replace: '    await this.followed(serving);\n    await serving.handle.terminate();\n  }\n\n  wake',
      },
    ],
    says: 'A CPU that is to be ended is followed before its exit was seen: for a while two of them serve the same rings.',
    interleaved: false,
    onThreads: true,
  },
];
