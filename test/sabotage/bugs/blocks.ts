/** Of disks: the controller, its drivers, their swaps, and who asks for blocks. */
import type { Sabotage } from '../sabotage.ts';

export const BLOCK_BUGS: readonly Sabotage[] = [
  {
    name: 'list-followed-one-entry-too-far',
    part: 'device',
    file: 'src/hw/nvme/data-buffer.ts',
    edits: [
      { find: 'for (let rest = bytes; rest > 0; ) {', replace: 'for (let rest = bytes; rest >= 0; ) {' },
    ],
    says: 'A PRP list is followed behind the last page of the data, to whatever an earlier command left there.',
    interleaved: false,
  },
  {
    name: 'forced-write-stays-in-the-cache',
    part: 'device',
    file: 'src/hw/nvme/io.ts',
    edits: [
      {
        find: 'if ((words[at + SQE.cdw12] & CDW12_FUA) === 0 && this.cache.takes(count)) this.store(block, count);',
        replace: 'if (this.cache.takes(count)) this.store(block, count);',
      },
    ],
    says: 'A write with FUA is done when it lies in the volatile cache: a power cut may take it.',
    interleaved: true,
  },
  {
    name: 'cache-forgets-the-newer-version',
    part: 'device',
    file: 'src/hw/nvme/block-index.ts',
    edits: [
      {
        find: 'if (this.places[hole] !== place) return;',
        replace: 'if (this.places[hole] === ABSENT) return;',
      },
    ],
    says: 'When an old version is written out the cache forgets the block, though it holds a newer one.',
    interleaved: false,
  },
  {
    name: 'zeroes-pass-below-the-cache',
    part: 'device',
    file: 'src/hw/nvme/cache.ts',
    edits: [
      {
        find: '    this.displace(block, count);\n    this.media.zero(block, count);',
        replace: '    this.media.zero(block, count);',
      },
    ],
    says: 'Zeroes go to the media while the cache holds older data of these blocks, which then come back.',
    interleaved: false,
  },
  {
    name: 'overlap-looked-for-at-the-first-block',
    part: 'device',
    file: 'src/hw/nvme/cache.ts',
    edits: [
      {
        find: 'return first < block + count && block < first + this.unitCount[unit];',
        replace: 'return first <= block && block < first + this.unitCount[unit];',
      },
    ],
    says: 'A unit of the cache that begins behind the first block written past it is not displaced.',
    interleaved: false,
  },
  {
    name: 'command-leaves-the-schedule-unfinished',
    part: 'device',
    file: 'src/hw/nvme/engine.ts',
    edits: [
      {
        find: '      if (!this.advance(slot)) continue;\n      schedule.remove(slot);\n',
        replace: '      schedule.remove(slot);\n      if (!this.advance(slot)) continue;\n',
      },
    ],
    says: 'A command that is due and cannot be completed in this step leaves the schedule and is never completed.',
    interleaved: true,
  },
  {
    name: 'coalescing-forgets-the-other-vectors',
    part: 'device',
    file: 'src/hw/nvme/coalescing.ts',
    edits: [{ find: 'this.waiting &= ~due;', replace: 'this.waiting = 0;' }],
    says: 'When one vector is signalled, the completions that wait for another are never told of.',
    interleaved: true,
  },
  {
    name: 'shut-down-with-a-full-cache',
    part: 'device',
    file: 'src/hw/nvme/controller.ts',
    edits: [{ find: '      this.parts.cache.flush();\n', replace: '' }],
    says: 'A shutdown is complete while the volatile cache still holds data: they go with the power.',
    interleaved: true,
  },
  {
    name: 'one-phase-for-the-whole-burst',
    part: 'drivers',
    file: 'src/drivers/nvme/queue-pair.ts',
    edits: [
      {
        find: '    let count = 0;\n    while (count < budget) {',
        replace:
          '    let count = 0;\n    const phase = phaseAt(this.head, this.slots);\n    while (count < budget) {',
      },
      {
        find: 'if ((posted & CQE_PHASE) !== phaseAt(this.head, this.slots)) break;',
        replace: 'if ((posted & CQE_PHASE) !== phase) break;',
      },
    ],
    says: 'A burst of completions that reaches the end of the queue goes on at its beginning: there they count twice.',
    interleaved: true,
  },
  {
    name: 'forced-write-joins-a-plain-one',
    part: 'drivers',
    file: 'src/drivers/nvme/command.ts',
    edits: [{ find: '    (limits & ~BLOCKS_MASK) === fuaOf(words, at) &&\n', replace: '' }],
    says: 'A write with FUA becomes part of a command without: done before it is on the media.',
    interleaved: true,
  },
  {
    name: 'list-page-of-the-slot',
    part: 'drivers',
    file: 'src/drivers/nvme/queue-pair.ts',
    edits: [
      {
        find: 'writeRequest(words, this.entryAt(this.tail), cid, this.listOf(cid), request, at, this.transferBlocks);',
        replace:
          'const list = this.listOf(this.tail & this.mask);\n    writeRequest(words, this.entryAt(this.tail), cid, list, request, at, this.transferBlocks);',
      },
    ],
    says: 'The PRP list lies in the page of the slot, which is used again before the command with its CID is done.',
    interleaved: true,
  },
  {
    name: 'activated-without-a-look',
    part: 'drivers',
    file: 'src/drivers/nvme/interrupt.ts',
    edits: [
      {
        find: '    this.unmaskVectors();\n    this.scheduled = EVERY;\n  }\n\n  override quiesce',
        replace: '    this.unmaskVectors();\n  }\n\n  override quiesce',
      },
    ],
    says: 'Completions of which the driver before was told, and which it has not taken, are never looked for.',
    interleaved: true,
  },
  {
    name: 'page-written-anew-owes-anew',
    part: 'drivers',
    file: 'src/drivers/nvme/write-buffer.ts',
    edits: [
      {
        find: 'put(words, at + ENTRY.since, owed >= 0 ? words[this.entry(owed) + ENTRY.since] : version);',
        replace: 'put(words, at + ENTRY.since, version);',
      },
    ],
    says: 'A page that is written once more is none any more for which an earlier flush waits.',
    interleaved: true,
  },
  {
    name: 'flush-does-not-wait-for-what-is-under-way',
    part: 'drivers',
    file: 'src/drivers/nvme/write-buffer.ts',
    edits: [
      {
        find: 'if (state !== SLOT.dirty && state !== SLOT.writing) return false;',
        replace: 'if (state !== SLOT.dirty) return false;',
      },
    ],
    says: 'A flush takes pages that are being written out for written: it reaches the disk before they do.',
    interleaved: true,
  },
  {
    name: 'failed-writing-out-taken-for-done',
    part: 'drivers',
    file: 'src/drivers/nvme/write-back.ts',
    edits: [
      {
        find: '      buffer.setState(slot, SLOT.dirty);\n      this.failures.set(slot, status);',
        replace: '      buffer.setState(slot, SLOT.clean);\n      this.failures.set(slot, status);',
      },
    ],
    says: 'A page that the media did not take counts as clean: an acknowledged write is lost when it is dropped.',
    interleaved: true,
  },
  {
    name: 'stopped-with-a-dirty-buffer',
    part: 'drivers',
    file: 'src/drivers/nvme/buffered.ts',
    edits: [
      {
        find: '    while (!this.settle()) {',
        replace: '    while (this.waiting.some(({ count }) => count > 0)) {',
      },
    ],
    says: 'A driver that stops waits for its requests, and not for what it has acknowledged and not written out.',
    interleaved: false,
  },
  {
    name: 'window-of-a-dead-pair-stays-open',
    part: 'drivers',
    file: 'src/drivers/nvme/queue-memory.ts',
    edits: [
      {
        find: '  for (const window of [memory.sq, memory.cq, memory.lists]) environment.port.unmap(window);',
        replace: '  for (const window of [memory.sq, memory.cq]) environment.port.unmap(window);',
      },
    ],
    says: 'The disk may still touch the PRP lists of a pair that is gone, whoever has the memory now.',
    interleaved: false,
  },
  {
    name: 'spare-buffer-goes-with-its-driver',
    part: 'drivers',
    file: 'src/drivers/nvme/buffered.ts',
    edits: [{ find: '    if (this.spare !== null) this.free(this.spare);\n', replace: '' }],
    says: 'A driver that is released before it has used the buffer that it was made with does not give it back.',
    interleaved: false,
  },
  {
    name: 'vectors-of-spare-pairs-go-nowhere',
    part: 'host',
    file: 'src/host/disk.ts',
    edits: [
      {
        find: 'for (let vector = 0; vector < LINES_PER_DEVICE; vector++)',
        replace: 'for (let vector = 0; vector <= layout.queues; vector++)',
      },
    ],
    says: 'Only as many vectors are connected as there are queues: a pair of another depth has one of the others.',
    interleaved: false,
  },
  {
    name: 'data-measured-without-their-slots',
    part: 'host',
    file: 'src/host/workload/workload.ts',
    edits: [
      { find: 'return iodepth * align(bs, PAGE_BYTES);', replace: 'return align(iodepth * bs, PAGE_BYTES);' },
    ],
    says: 'Requests of less than a page have less memory than their slots take: the last ones lie in what is behind.',
    interleaved: false,
  },
  {
    name: 'old-pair-deleted-with-its-commands',
    part: 'swap',
    file: 'src/swap/disk-move.ts',
    edits: [{ find: '  while (commandsOf(environment, queue) > 0) yield SERVE;\n', replace: '' }],
    says: 'The old queue pair is deleted while commands are in flight there: their requests end as aborted, or never.',
    interleaved: false,
  },
  {
    name: 'abstains-after-its-probation',
    part: 'swap',
    file: 'src/swap/disk-plan.ts',
    edits: [
      { find: "  if (keeps.more) kinds.push('abstain');\n", replace: '' },
      {
        find: "  kinds.push('watch');\n",
        replace: "  kinds.push('watch');\n  if (keeps.more) kinds.push('abstain');\n",
      },
    ],
    says: 'A driver on probation acknowledges writes that the old one, taking over again, has never heard of.',
    interleaved: true,
  },
  {
    name: 'told-before-the-pairs-have-changed',
    part: 'swap',
    file: 'src/swap/disk-move.ts',
    edits: [
      {
        find: '  setRetiring(environment, queue, false);\n  slot.driver.queuesChanged();\n',
        replace: '  setRetiring(environment, queue, false);\n',
      },
      {
        find: '  setRetiring(environment, old, true); // first',
        replace:
          '  setRetiring(environment, queue, false);\n  slot.driver.queuesChanged();\n  setRetiring(environment, old, true); // first',
      },
    ],
    says: 'The driver is told when both pairs serve the queue: it may go on with the one that is being deleted.',
    interleaved: true,
  },
];
