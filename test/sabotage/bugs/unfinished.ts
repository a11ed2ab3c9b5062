/** Planted where a CPU has ended in the middle of a reset, or of a queue’s move, and its successor goes on with it. */
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
    name: 'commands-of-a-reset-disk-stay',
    part: 'host',
    file: 'src/host/unfinished.ts',
    edits: [{ find: '    requests.offer(request);\n', replace: '' }],
    says: 'A disk has forgotten its commands, and their requests still count as taken: nobody submits them again.',
    interleaved: true,
  },
];
