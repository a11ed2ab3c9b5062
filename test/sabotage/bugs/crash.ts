/** Planted where a CPU takes over from one that has died, and where that one wrote down what its successor needs. */
import type { Sabotage } from '../sabotage.ts';

export const CRASH_BUGS: readonly Sabotage[] = [
  {
    name: 'consumed-before-delivered',
    part: 'drivers',
    file: 'src/drivers/nic/intake.ts',
    edits: [
      {
        find: '    const offered = burst.segments;\n',
        replace:
          '    const offered = burst.segments;\n    const { memory, state } = this.environment;\n' +
          '    memory.words[state.rx(ring.queue) + 3] = (burst.position + offered) | 0;\n',
      },
      {
        find: '    if (taken === 0) return 0;\n',
        replace:
          '    if (taken === 0) {\n      memory.words[state.rx(ring.queue) + 3] = burst.position;\n      return 0;\n    }\n',
      },
    ],
    says: 'The commit point is stored before the application has the frames: a CPU that dies in between loses them.',
    interleaved: true,
  },
  {
    name: 'adopted-without-a-look',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [{ find: '    slot.driver.activate();\n', replace: '' }],
    says:
      'The drivers of a CPU that takes over are not activated: their vectors stay masked, and nobody looks at the rings ' +
      'in which frames lay already.',
    interleaved: true,
  },
  {
    name: 'interrupts-of-the-one-before',
    part: 'host',
    file: 'src/host/card.ts',
    edits: [
      {
        find: 'connectVector(vector, cpu, index * LINES_PER_DEVICE + vector);',
        replace: 'connectVector(vector, 0, index * LINES_PER_DEVICE + vector);',
      },
    ],
    says: 'Vectors stay aimed at the CPU that was the first to serve: who takes over from it is never told of a frame.',
    interleaved: false,
  },
  {
    name: 'doorbell-not-rung-again',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find: '    this.ringDoorbell();\n    this.port.write32(tdt(this.queue), this.tail & this.mask);\n',
        replace: '    this.ringDoorbell();\n',
      },
    ],
    says: 'A CPU that died between `posted` and its doorbell has told the card of nothing, and nor does the next one.',
    interleaved: true,
  },
  {
    name: 'posted-not-told-again',
    part: 'drivers',
    file: 'src/drivers/nic/rx-ring.ts',
    edits: [
      {
        find: '    this.adopt();\n    this.port.write32(rdt(this.queue), this.tail & this.mask);\n',
        replace: '    this.adopt();\n',
      },
    ],
    says: 'A ring whose CPU died before the receive doorbell is full by its own books, and empty by those of the card.',
    interleaved: true,
  },
  {
    name: 'held-frames-forgotten',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [{ find: '    this.tail = this.words[this.record + TX.filled];\n', replace: '' }],
    says: 'What was filled and not yet rung when the CPU died is filled over: accepted frames are never sent.',
    interleaved: true,
  },
  {
    name: 'sent-and-delivered-again',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [
      {
        find: 'source === burst.ring && position === burst.position',
        replace: 'source === burst.ring && position < burst.position',
      },
    ],
    says: 'Source positions are not looked at: a burst that left before its `consumed` was stored is sent once more.',
    interleaved: true,
  },
  {
    name: 'sent-and-not-counted',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [{ find: '  check.burst(burst, sent.segments, ring.logical);\n', replace: '' }],
    says: 'A burst in doubt that was sent is consumed without having been given to the check.',
    interleaved: true,
  },
  {
    name: 'check-not-taken-back',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [{ find: '  check.revert(burst);\n', replace: '' }],
    says: 'What the last CPU noted of a burst in doubt stays noted, and the burst comes once more.',
    interleaved: true,
  },
  {
    name: 'addresses-exchanged-twice',
    part: 'host',
    file: 'src/host/adoption.ts',
    edits: [{ find: 'return application.revert?.(burst);', replace: 'return;' }],
    says: 'Addresses that were exchanged, some or all, when the CPU died are exchanged once more by the next.',
    interleaved: true,
  },
  {
    name: 'journal-names-its-burst-first',
    part: 'host',
    file: 'src/hw/link/verifier.ts',
    edits: [
      {
        find: '    put(words, at + SAVED_RING, ring);\n    put(words, at + SAVED_POSITION, position);\n',
        replace: '',
      },
      {
        find: '    put(words, at, words[base]);\n',
        replace:
          '    put(words, at + SAVED_RING, ring);\n    put(words, at + SAVED_POSITION, position);\n' +
          '    put(words, at, words[base]);\n',
      },
    ],
    says: 'The journal speaks of a burst before it has what was before: taken back are the counts of an older one.',
    interleaved: true,
  },
  {
    name: 'free-list-believed',
    part: 'host',
    file: 'src/host/stock.ts',
    edits: [
      {
        find:
          '  pool.takeStock((claim) => {\n' +
          '    for (const { environment } of cards) environment.state.forEachBuffer(claim);\n  });\n',
        replace: '',
      },
    ],
    says: 'The free list is taken as it lies: buffers that were on their way belong to nobody, or to two.',
    interleaved: true,
  },
  {
    name: 'memory-of-dead-swaps-kept',
    part: 'host',
    file: 'src/host/stock.ts',
    edits: [
      {
        find: 'dma.freeAllBut([...ofCards, ...disks.flatMap(({ environment }) => keptByDisk(environment, dma))]);',
        replace: 'for (const { environment } of disks) keptByDisk(environment, dma);',
      },
    ],
    says: 'Rings that a swap had made when its CPU died belong to nobody, and are never given back.',
    interleaved: true,
  },
  {
    name: 'one-note-of-frames',
    part: 'drivers',
    file: 'src/drivers/nic/rx-ring.ts',
    edits: [
      {
        find: 'const note = this.note ^ FRAMES_NOTE_WORDS; // the other one\n',
        replace: 'const { note } = this;\n',
      },
    ],
    says:
      'The count of frames is raised before `consumed` and in its place: after a crash it is too high, and a later move ' +
      'takes the old ring for read.',
    interleaved: true,
  },
  {
    name: 'pointed-before-described',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      { find: '  slot.assignment.prepare(request.to, plan.parameters);\n', replace: '' },
      {
        find: '  slot.assignment.point(); // before that, a CPU that takes over finds the old driver\n',
        replace:
          '  slot.assignment.point();\n' +
          '  slot.assignment.prepare(exchange.request.to, exchange.plan.parameters);\n',
      },
    ],
    says: 'A swap points to a description that it writes afterwards, into the other place: a successor makes the driver before.',
    interleaved: true,
  },
];
