/** Of disks, and planted blind: when the checkers were done. */
import type { Sabotage } from '../sabotage.ts';

export const FRESH_BLOCK_BUGS: readonly Sabotage[] = [
  {
    name: 'cache-takes-one-block-too-many',
    part: 'device',
    file: 'src/hw/nvme/cache.ts',
    edits: [
      {
        find: 'while (this.used + count > this.capacity) this.writeOutOldest();',
        replace: 'while (this.used + count > this.capacity + 1) this.writeOutOldest();',
      },
    ],
    says: 'A full cache takes one block more than it has: the newest data lie over the oldest.',
    interleaved: false,
  },
  {
    name: 'cached-blocks-taken-for-neighbours',
    part: 'device',
    file: 'src/hw/nvme/cache.ts',
    edits: [
      {
        find: 'else while (run < most && this.index.get(block + run) === place + run) run++;',
        replace: 'else while (run < most && this.index.get(block + run) !== ABSENT) run++;',
      },
    ],
    says: 'Blocks that follow each other on the media are read in one piece from the cache, where they lie apart.',
    interleaved: false,
  },
  {
    name: 'time-of-coalescing-begins-anew',
    part: 'device',
    file: 'src/hw/nvme/coalescing.ts',
    edits: [{ find: '      this.timed |= bit;\n', replace: '' }],
    says: 'The time for which an interrupt may be held back begins again with every step, and never ends.',
    interleaved: false,
  },
  {
    name: 'doorbell-outlives-its-queue',
    part: 'device',
    file: 'src/hw/nvme/queues.ts',
    edits: [{ find: '    this.registers.set(sqTail(queue), UNRUNG);\n', replace: '' }],
    says: 'A queue that is made again begins with the doorbell of the one before: it fetches what nobody submitted.',
    interleaved: false,
  },
  {
    name: 'answered-from-a-page-under-way',
    part: 'drivers',
    file: 'src/drivers/nvme/write-back.ts',
    edits: [
      {
        find: 'if (slot < 0 || buffer.state(slot) === SLOT.reading) return false;',
        replace: 'if (slot < 0) return false;',
      },
    ],
    says: 'A read is answered from a page that is only being read ahead: with what lay in the slot before.',
    interleaved: true,
  },
  {
    name: 'written-over-while-being-written-out',
    part: 'drivers',
    file: 'src/drivers/nvme/write-back.ts',
    edits: [
      {
        find: 'if (slot >= 0 && isInFlight(buffer.state(slot))) return WAITS;',
        replace: 'if (slot >= 0 && buffer.state(slot) === SLOT.reading) return WAITS;',
      },
    ],
    says: 'A write takes the place of a page that is being written out: its end is then taken for that of the new one.',
    interleaved: true,
  },
  {
    name: 'retiring-pair-takes-requests',
    part: 'drivers',
    file: 'src/drivers/nvme/disk-driver.ts',
    edits: [
      {
        find: '      if (!pair.retiring) this.serving[pair.logical] = pair;',
        replace: '      this.serving[pair.logical] = pair;',
      },
    ],
    says: 'Of two pairs of a queue the driver gives commands to the one with the higher number, retiring or not.',
    interleaved: false,
  },
  {
    name: 'half-made-pair-keeps-its-memory',
    part: 'drivers',
    file: 'src/drivers/nvme/queue-memory.ts',
    edits: [{ find: '    for (const region of made) environment.dma.free(region);\n', replace: '' }],
    says: 'When there is no memory for the last part of a queue pair, the first ones are never given back.',
    interleaved: true,
  },
  {
    name: 'failure-told-to-the-first-request-alone',
    part: 'drivers',
    file: 'src/drivers/nvme/queue-pair.ts',
    edits: [
      {
        find: 'if (!requests.finish(request, status))',
        replace: 'if (!requests.finish(request, request === first ? status : 0))',
      },
    ],
    says: 'Of a command that has failed only the first request is told; the others pass for done.',
    interleaved: true,
  },
  {
    name: 'driver-not-told-of-dropped-pairs',
    part: 'swap',
    file: 'src/swap/disk-move.ts',
    edits: [
      {
        find: '    slot.driver.queuesChanged(); // it may have been handed back with this pair\n',
        replace: '',
      },
    ],
    says: 'A driver that was handed back polls a pair that was deleted since, in memory that others have now.',
    interleaved: true,
  },
];
