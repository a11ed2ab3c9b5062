/** Planted blind in the last rounds. */
import type { Sabotage } from '../sabotage.ts';

export const FOURTH_BUGS: readonly Sabotage[] = [
  {
    name: 'doorbell-of-one-overlooked',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find: 'if (this.head === this.rung) return 0;',
        replace: 'if (this.head === this.rung || ((this.head + 1) | 0) === this.rung) return 0;',
      },
    ],
    says: 'One descriptor on its way is taken for none: a burst of one is never reclaimed.',
    interleaved: false,
  },
  {
    name: 'target-beyond-ring',
    part: 'drivers',
    file: 'src/drivers/nic/rx-ring.ts',
    edits: [
      {
        find: 'this.target = Math.min(buffers, this.mask);',
        replace: 'this.target = buffers;',
      },
    ],
    says: 'More buffers are posted than the ring has room for.',
    interleaved: false,
  },
  {
    name: 'transmit-not-disabled-in-teardown',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      {
        find: '    if (state.txActive(queue)) yield* disableTransmitQueue(port, queue);\n',
        replace: '',
      },
    ],
    says: 'Transmit queues are not disabled before their buffers are taken: the card sends what is not theirs any more.',
    interleaved: true,
  },
  {
    name: 'counters-of-first-card-only',
    part: 'host',
    file: 'src/host/cpu.ts',
    edits: [
      {
        find: '    for (const slot of this.slots) slot.environment.statistics.collect();',
        replace: '    for (const slot of this.slots.slice(0, 1)) slot.environment.statistics.collect();',
      },
    ],
    says: 'Only the first card’s drop counters are collected.',
    interleaved: false,
  },
  {
    name: 'checks-more-than-taken',
    part: 'host',
    file: 'src/host/apps/sender.ts',
    edits: [
      {
        find: '    this.check.burst(burst, segments, queue);\n    return segments;',
        replace: '    this.check.burst(burst, burst.segments, queue);\n    return segments;',
      },
    ],
    says: 'An application checks the whole burst when its exit took a part of it: the rest comes twice.',
    interleaved: false,
  },
  {
    name: 'gate-made-after-driver-is-told',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      {
        find: '  recordReceive(environment, queue, logical, made.memory, rxBuffers, true);\n',
        replace: '  recordReceive(environment, queue, logical, made.memory, rxBuffers, false);\n',
      },
    ],
    says: 'The driver is told of a new ring whose gate is open: it overtakes the old one.',
    interleaved: true,
  },
  {
    name: 'probation-counts-empty-polls',
    part: 'swap',
    file: 'src/swap/probation.ts',
    edits: [
      {
        find: '    if (served > 0) this.bursts++;',
        replace: '    this.bursts++;',
      },
    ],
    says: 'Empty polls count as bursts served: a driver that does nothing passes its probation.',
    interleaved: false,
  },
  {
    name: 'link-not-trained-when-plugged-in',
    part: 'device',
    file: 'src/hw/nic/nic.ts',
    edits: [
      {
        find: '    this.carrier = present;\n    this.trainLink(nowUs);',
        replace: '    this.carrier = present;\n    if (!present) this.trainLink(nowUs);',
      },
    ],
    says: 'A cable that is plugged in again does not bring the link up.',
    interleaved: false,
  },
  {
    name: 'transmit-ring-filled-to-the-last-slot',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find: '    return this.mask - ((this.tail - this.head) | 0);',
        replace: '    return this.mask + 1 - ((this.tail - this.head) | 0);',
      },
    ],
    says: 'A transmit ring is filled to its last slot: full and empty look alike to the card.',
    interleaved: false,
  },
  {
    name: 'only-first-held-doorbell',
    part: 'drivers',
    file: 'src/drivers/nic/batching.ts',
    edits: [
      {
        find: '      for (const ring of this.tx) ring.ringDoorbell();',
        replace: '      this.tx[0]?.ringDoorbell();',
      },
    ],
    says: 'Held doorbells are rung for the first queue only.',
    interleaved: false,
  },
  {
    name: 'shrink-forgets-the-others',
    part: 'swap',
    file: 'src/swap/trim.ts',
    edits: [
      {
        find: '  pool.shrink(host.buffersOfOthers(slot) + slot.buffers);',
        replace: '  pool.shrink(slot.buffers);',
      },
    ],
    says: 'A card that gives buffers back counts for itself alone: the pool falls below what its neighbours need.',
    interleaved: true,
  },
  {
    name: 'old-driver-takes-nothing-back',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find: '  old.driver.importState(format);\n  slot.driver = old.driver;',
        replace: '  slot.driver = old.driver;',
      },
    ],
    says: 'The old driver goes on where it had stopped, not where the new one had come to.',
    interleaved: false,
  },
  {
    name: 'spare-queue-counted-from-its-past',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      {
        find: '  statistics.restartQueue(queue);\n',
        replace: '',
      },
    ],
    says: 'Frames that a spare queue received in an earlier life count for its new ring: the gate opens too far.',
    interleaved: true,
  },
  {
    name: 'strip-forgets-the-mask',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      {
        find: '    pool.put(words[words[record + RX.shadow] + (at & mask)]);',
        replace: '    pool.put(words[words[record + RX.shadow] + (at % (mask + 2))]);',
      },
    ],
    says: 'Buffers of a ring are taken back from the wrong slots when its index has wrapped.',
    interleaved: false,
  },
  {
    name: 'head-not-reset-on-spare',
    part: 'drivers',
    file: 'src/drivers/nic/bring-up.ts',
    edits: [
      {
        find: '  port.write32(rdh(queue), 0);\n',
        replace: '',
      },
    ],
    says: 'A spare queue is enabled with the head of its last ring.',
    interleaved: false,
  },
  {
    name: 'held-card-has-room',
    part: 'swap',
    file: 'src/swap/held.ts',
    edits: [
      {
        find: '  room: () => 0,',
        replace: '  room: () => 64,',
      },
    ],
    says: 'A card that is being reset says that it has room: what is sent by it is lost in an error.',
    interleaved: true,
  },
];
