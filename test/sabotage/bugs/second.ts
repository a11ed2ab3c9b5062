/** Planted when checkers and scenarios had been frozen: of other kinds than the first list. */
import type { Sabotage } from '../sabotage.ts';

export const SECOND_BUGS: readonly Sabotage[] = [
  {
    name: 'wrap-count-runs-into-empty-bit',
    part: 'device',
    file: 'src/hw/nic/fifo.ts',
    edits: [
      {
        find: 'this.wraps = (this.wraps + 1) & RXMEMWRAP_WRAPS;',
        replace: 'this.wraps++;',
      },
    ],
    says: 'The wrap count is not cut to three bits: from the eighth lap on it sets the bit that says empty, and a ring move passes its barrier with frames of the old queue inside.',
    interleaved: true,
  },
  {
    name: 'new-cause-overwrites-moderated-one',
    part: 'device',
    file: 'src/hw/nic/interrupts.ts',
    edits: [
      {
        find: 'registers.setBits(EICR, this.fresh);',
        replace: 'registers.set(EICR, this.fresh);',
      },
    ],
    says: 'EICR is written instead of added to: a cause of one queue that moderation holds back is forgotten when another queue has one.',
    interleaved: true,
  },
  {
    name: 'disabled-transmit-queue-forgets-reports',
    part: 'device',
    file: 'src/hw/nic/transmit.ts',
    edits: [
      {
        find: '        this.report(queue);\n        this.enabled[queue] = 0;',
        replace: '        this.enabled[queue] = 0;',
      },
    ],
    says: 'A transmit queue that is disabled does not write back what it held: TDH stays behind what was sent, and a reset counts sent frames as thrown away.',
    interleaved: true,
  },
  {
    name: 'counter-read-and-cleared-apart',
    part: 'device',
    file: 'src/hw/registers.ts',
    edits: [
      {
        find: 'return exchange(words, at, 0) >>> 0;',
        replace:
          '{\n        const value = load(words, at);\n        store(words, at, 0);\n        return value >>> 0;\n      }',
      },
    ],
    says: 'A counter that clears when read is loaded and then stored to: what the card counts in between is in no total.',
    interleaved: true,
  },
  {
    name: 'tail-written-before-report-bit',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find: '    const { words, mask } = this;\n    const last',
        replace:
          '    const { words, mask } = this;\n    this.port.write32(tdt(this.queue), this.tail & mask);\n    const last',
      },
      {
        find: '    this.port.write32(tdt(this.queue), this.tail & mask); // publishes descriptors, shadows and notes to card and successor\n',
        replace: '',
      },
    ],
    says: 'TDT is written before the last descriptor gets RS: a quick card sends the batch and reports nothing, and the driver waits for that report for ever.',
    interleaved: true,
  },
  {
    name: 'idle-polls-post-nothing',
    part: 'drivers',
    file: 'src/drivers/nic/polling.ts',
    edits: [
      {
        find: '    for (const ring of this.rx) if (ring.deficit > 0) ring.refill();\n',
        replace: '',
      },
    ],
    says: 'Buffers are posted only in full bursts: a small ring, or a frame of many descriptors, finds less posted than it needs and less missing than a burst, and waits for ever.',
    interleaved: false,
  },
  {
    name: 'unmapped-while-still-posted',
    part: 'drivers',
    file: 'src/drivers/pool.ts',
    edits: [
      {
        find: '      if (this.gone < this.capacity - this.ceiling) return true; // the others are in use\n',
        replace: '',
      },
    ],
    says: 'A shrink takes the memory away at once: buffers above the new end still lie in rings, and the card faults on them.',
    interleaved: false,
  },
  {
    name: 'one-line-of-a-group',
    part: 'host',
    file: 'src/host/cpu.ts',
    edits: [
      {
        find: 'while (lines !== 0) {',
        replace: 'if (lines !== 0) {',
      },
    ],
    says: 'Of the interrupt lines taken together only the first is served: the others are cleared and their vectors stay masked.',
    interleaved: true,
  },
  {
    name: 'probation-without-protection',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find: '  exchange.serveNew(true);\n',
        replace: '',
      },
    ],
    says: 'The slot points to the new driver but nobody is told that it is on probation: what it throws there ends the run instead of the swap.',
    interleaved: true,
  },
  {
    name: 'drain-is-not-undone',
    part: 'swap',
    file: 'src/swap/nic-kind.ts',
    edits: [
      {
        find: 'drain: { run: drain, undo: endDrain },',
        replace: 'drain: { run: drain },',
      },
    ],
    says: 'A swap that fails after its drain leaves the old driver posting no buffers: its rings run dry.',
    interleaved: true,
  },
  {
    name: 'new-queue-without-vector',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      {
        find: '  routeQueue(port, queue, queue);\n',
        replace: '',
      },
    ],
    says: 'The spare queue that a ring moves to is routed to no vector: a driver that sleeps is not told of its frames.',
    interleaved: false,
  },
  {
    name: 'reset-forgets-transmit-buffers',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      {
        find: '    stripTransmit(slot, queue);\n',
        replace: '',
      },
    ],
    says: 'A reset frees the transmit rings without bringing their buffers home.',
    interleaved: true,
  },
];
