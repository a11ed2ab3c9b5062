/** Planted where cards and disks pass from one CPU to the next: in the order of stores, and in what the next one settles. */
import type { Sabotage } from '../sabotage.ts';

export const PASSING_BUGS: readonly Sabotage[] = [
  {
    name: 'note-behind-its-commit',
    part: 'drivers',
    file: 'src/drivers/nic/rx-ring.ts',
    edits: [
      {
        find: '    put(words, note, consumed);\n    put(words, note + 1, head);\n    store(words, this.record + RX.consumed, head);\n',
        replace:
          '    store(words, this.record + RX.consumed, head);\n    put(words, note, consumed);\n    put(words, note + 1, head);\n',
      },
    ],
    says:
      'The commit point is stored before the count of frames that goes with it: a CPU that dies in between leaves no note that ' +
      'holds, its successor counts on from an old one, and a later move waits for frames that it has had.',
    interleaved: true,
  },
  {
    name: 'posted-before-its-report',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find: '    put(words, this.noteOf(this.rung) + TX_NOTE.rung, this.unrung);\n    put(words, this.record + TX.posted, this.tail);\n',
        replace:
          '    put(words, this.record + TX.posted, this.tail);\n    put(words, this.noteOf(this.rung) + TX_NOTE.rung, this.unrung);\n',
      },
    ],
    says:
      'Descriptors count as told before it is noted how many one doorbell tells of: a successor of a CPU that died in between ' +
      'finds the note of an earlier doorbell there, or none, and brings home by that.',
    interleaved: true,
  },
  {
    name: 'filled-before-its-source',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find:
          '    put(words, note + TX_NOTE.segments, segments);\n    put(words, note + TX_NOTE.source, source);\n' +
          '    put(words, note + TX_NOTE.position, position);\n',
        replace: '',
      },
      {
        find: '    put(this.words, this.record + TX.filled, this.tail);\n',
        replace:
          '    put(this.words, this.record + TX.filled, this.tail);\n' +
          '    put(words, note + TX_NOTE.segments, segments);\n    put(words, note + TX_NOTE.source, source);\n' +
          '    put(words, note + TX_NOTE.position, position);\n',
      },
    ],
    says:
      'What a call sent is noted when the descriptors count already: after a crash in between they leave, the last call is one of ' +
      'a lap before, and the burst that they came from is sent once more, or the state block refused.',
    interleaved: true,
  },
  {
    name: 'counts-what-lay-there-as-consumed',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [
      {
        find:
          '  let frames = 0;\n  for (let i = 0; i < sent.segments; i++) frames += burst.ends[i];\n' +
          '  ring.consume(sent.segments, frames);\n',
        replace: '  ring.consume(sent.segments, burst.frames);\n',
      },
    ],
    says:
      'Of a burst that was sent before its commit all frames that lie in the ring by now count as consumed: the count is too high, ' +
      'and a later move takes the old ring for read.',
    interleaved: true,
  },
  {
    name: 'each-card-settled-by-itself',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [
      { find: '  for (const { slot } of cards) tell(slot.environment, calls);\n', replace: '' },
      {
        find: '    const { state } = card.slot.environment;\n',
        replace: '    const { state } = card.slot.environment;\n    tell(card.slot.environment, calls);\n',
      },
    ],
    says:
      'Cards are told and settled one after another: what the first has forwarded lies in the rings of the second, which were not ' +
      'asked yet, and is forwarded once more.',
    interleaved: true,
  },
  {
    name: 'windows-of-a-dead-swap-stay-open',
    part: 'host',
    file: 'src/host/stock.ts',
    edits: [
      {
        find: '  for (const gap of gapsBetween(dma.region, rings)) environment.port.unmap(gap);\n',
        replace: '',
      },
    ],
    says: 'Rings that a swap had made when its CPU died are freed and stay mapped: the card may touch whatever is allocated there next.',
    interleaved: true,
  },
  {
    name: 'pairs-outlive-their-swap',
    part: 'host',
    file: 'src/host/disk.ts',
    edits: [{ find: '    yield* dropSparePairs(slot.environment);\n', replace: '' }],
    says:
      'Queue pairs that a swap had made, or was making, when its CPU died stay known to the disk: those that were half made lie in ' +
      'memory that is free, and no later swap can make one of that number; the others are held for nobody.',
    interleaved: true,
  },
  {
    name: 'prepared-in-turn',
    part: 'swap',
    file: 'src/swap/assignment.ts',
    edits: [
      {
        find: 'are possible`);\n    this.prepared = 1 - this.bank;\n',
        replace: 'are possible`);\n    this.prepared = 1 - this.prepared;\n',
      },
    ],
    says:
      'Descriptions are written in turn, whichever holds: after a swap that failed the next one is prepared over the one that ' +
      'holds, so a crash before its end leaves the new driver in place, and a done one is not counted: an heir made before fits.',
    interleaved: true,
  },
  {
    name: 'counts-before-it-is-whole',
    part: 'host',
    file: 'src/hw/link/undo.ts',
    edits: [
      {
        find: '    put(words, note, flow);\n    put(words, note + 1, words[this.places + flow]);\n    put(words, at, ++this.notes);\n',
        replace:
          '    put(words, at, ++this.notes);\n    put(words, note, flow);\n    put(words, note + 1, words[this.places + flow]);\n',
      },
    ],
    says:
      'A note of where a flow stood counts before it is written: whoever takes it back after a crash in between sets a flow of ' +
      'an earlier burst back to where that stood, and a gap is counted twice.',
    interleaved: true,
  },
  {
    name: 'journal-before-the-notes-are-cleared',
    part: 'host',
    file: 'src/check/delivery.ts',
    edits: [
      {
        find: '    this.undo.begin();\n    verifier.save(this.journal, burst.ring, burst.position);\n',
        replace: '    verifier.save(this.journal, burst.ring, burst.position);\n    this.undo.begin();\n',
      },
    ],
    says:
      'The journal names a burst while the notes are of the one before: after a crash in between flows go back to where that one, ' +
      'which was delivered, had found them, and its gaps are counted twice.',
    interleaved: true,
  },
  {
    name: 'client-settled-before-the-driver',
    part: 'host',
    file: 'src/host/takeover.ts',
    edits: [
      {
        find: '    this.activate();\n    for (const disk of disks) disk.settled();\n',
        replace: '    for (const disk of disks) disk.settled();\n    this.activate();\n',
      },
    ],
    says:
      'The client is asked what it misses before the driver has said what it has: requests that wait in the lists of `buffered` are ' +
      'offered to it once more, and it has them twice.',
    interleaved: true,
  },
  {
    name: 'checks-as-they-were',
    part: 'host',
    file: 'src/host/takeover.ts',
    edits: [{ find: '    for (const check of checks) check?.reread();\n', replace: '' }],
    says:
      'The checks of a CPU that takes over know the notes of gaps as they were when it was made: those of the last burst ' +
      'before it are not cleared, and are taken back when it dies in turn.',
    interleaved: true,
  },
];
