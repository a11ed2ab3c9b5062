/** Planted where a CPU has ended in the middle of a reset, or of a queue's move, and its successor goes on with it. */
import type { Sabotage } from '../sabotage.ts';

export const UNFINISHED_BUGS: readonly Sabotage[] = [
  {
    name: 'torn-told-too-late',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      { find: '  slot.losses.tear();\n', replace: '' },
      {
        find: '  statistics.collectAll();\n  for',
        replace: '  statistics.collectAll();\n  slot.losses.tear();\n  for',
      },
    ],
    says: 'That a card is being torn down is told when its queues are stopped already: who comes after serves a card that stands still.',
    interleaved: true,
  },
  {
    name: 'mended-before-it-is-up',
    part: 'swap',
    file: 'src/swap/controls.ts',
    edits: [
      {
        find: '  yield* each(driverToCome.start(), HOLD);\n  slot.losses.mend();\n',
        replace: '  slot.losses.mend();\n  yield* each(driverToCome.start(), HOLD);\n',
      },
    ],
    says: 'A card counts as whole before its new driver has started: who comes after goes on with half a start.',
    interleaved: true,
  },
  {
    name: 'discarded-counted-twice',
    part: 'swap',
    file: 'src/swap/losses.ts',
    edits: [
      {
        find: '    store(words, total, (words[at + BEFORE] + frames) | 0);\n',
        replace: '    store(words, total, (words[total] + frames) | 0);\n',
      },
    ],
    says: 'Frames of a ring that a reset threw away are counted again by a successor that finds the ring still there.',
    interleaved: true,
  },
  {
    name: 'forgotten-before-it-is-counted',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      {
        find: "    losses.discard('received', queue, receivedFrames(slot, queue));\n    stripReceive(slot, queue);\n",
        replace: '    stripReceive(slot, queue);\n',
      },
      {
        find: '    forgetReceive(environment, queue);\n',
        replace:
          "    forgetReceive(environment, queue);\n    losses.discard('received', queue, receivedFrames(slot, queue));\n",
      },
    ],
    says: 'A ring leaves the state block before its frames are counted: a CPU that ends in between has thrown them away unseen.',
    interleaved: true,
  },
  {
    name: 'move-left-where-it-was',
    part: 'host',
    file: 'src/host/unfinished.ts',
    edits: [
      { find: '  for (const slot of cards) yield* serving(moveOn(slot), serve);\n', replace: '' },
      { find: "import { moveOn } from '../swap/move.ts';\n", replace: '' },
    ],
    says: 'Nobody goes on with a move whose CPU has ended: the new ring is never read further than it was.',
    interleaved: true,
  },
  {
    name: 'gate-begins-anew-at-nothing',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      {
        find: '    let frames = words[framesNote(words, record)];\n',
        replace: '    let frames = 0;\n',
      },
    ],
    says: 'The gate of a move that goes on forgets the frames taken before: it opens for ones that earlier ones of the old ring follow.',
    interleaved: true,
  },
  {
    name: 'retiring-pair-stays',
    part: 'host',
    file: 'src/host/unfinished.ts',
    edits: [
      { find: '  for (const slot of disks) yield* serving(retirePairs(slot), serve);\n', replace: '' },
      { find: "import { retirePairs } from '../swap/disk-move.ts';\n", replace: '' },
    ],
    says: 'A queue pair that was to be deleted stays when the CPU that moved its queue has ended.',
    interleaved: true,
  },
  {
    name: 'no-pair-serves-for-a-moment',
    part: 'host',
    file: 'src/host/disk.ts',
    edits: [
      { find: '    serveAll(slot.environment);\n', replace: '' },
      { find: "import { serveAll } from '../swap/disk-move.ts';\n", replace: '' },
    ],
    says: 'A CPU that ended between two stores of a move left a queue without a pair, and its successor does not mend that.',
    interleaved: true,
  },
  {
    name: 'half-told-requests-are-done',
    part: 'host',
    file: 'src/host/unfinished.ts',
    edits: [{ find: '    if (client.waits(request)) requests.undo(request);\n', replace: '' }],
    says: 'What a disk was being reset for had ended requests with an error that their client had not heard of, and not counted them.',
    interleaved: true,
  },
  {
    name: 'commands-of-a-reset-disk-stay',
    part: 'host',
    file: 'src/host/unfinished.ts',
    edits: [{ find: '    requests.offer(request);\n', replace: '' }],
    says: 'A disk has forgotten its commands, and their requests still count as taken: nobody submits them again.',
    interleaved: true,
  },
];
