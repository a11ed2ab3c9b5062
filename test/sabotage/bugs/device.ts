/** Planted in the card: its engines, its registers, and the way of an interrupt to the CPU. */
import type { Sabotage } from '../sabotage.ts';

export const DEVICE_BUGS: readonly Sabotage[] = [
  {
    name: 'pause-state-not-taken-back',
    part: 'device',
    file: 'src/hw/nic/flow-control.ts',
    edits: [
      {
        find: '    this.paused = false;\n    if (!this.xon) return;',
        replace: '    if (!this.xon) return;',
      },
    ],
    says:
      'When the packet buffer has emptied, XON is sent but the card still takes the link for paused: the next ' +
      'time it fills, no PAUSE is sent until the old one would have been renewed, and a lossless link overflows.',
    interleaved: false,
  },
  {
    name: 'fifo-forgets-the-rest-at-the-wrap',
    part: 'device',
    file: 'src/hw/nic/fifo.ts',
    edits: [
      {
        find: '    const waste = this.wrapping ? this.capacity - this.write : 0;\n',
        replace: '',
      },
      {
        find: 'if (this.used + waste + cost > this.capacity) return -1;',
        replace: 'if (this.used + cost > this.capacity) return -1;',
      },
    ],
    says:
      'The room check leaves out the bytes lost at the end of the packet buffer: a frame that wraps in a nearly ' +
      'full buffer is written over the oldest one, which is delivered damaged.',
    interleaved: false,
  },
  {
    name: 'empty-ring-taken-for-full',
    part: 'device',
    file: 'src/hw/nic/rx-queue.ts',
    edits: [
      {
        find: 'return distance < 0 ? distance + this.length : distance;',
        replace: 'return distance <= 0 ? distance + this.length : distance;',
      },
    ],
    says:
      'Head equal to tail counts as a whole ring of descriptors: when the driver is behind with posting, the ' +
      'card writes to descriptors that are not its own.',
    interleaved: false,
  },
  {
    name: 'last-run-not-counted',
    part: 'device',
    file: 'src/hw/nic/receive.ts',
    edits: [{ find: '    this.countRun();\n    for (const queue', replace: '    for (const queue' }],
    says:
      'The frames moved last are counted in QPRC only when those of another queue follow: a ring move takes too ' +
      'small a count for final and gives up the old ring with frames in it, or lets the new one overtake it.',
    interleaved: true,
  },
  {
    name: 'run-held-back-is-lost-at-disable',
    part: 'device',
    file: 'src/hw/nic/rx-queue.ts',
    edits: [{ find: 'if (this.hasRun) this.publish();', replace: 'this.runWord = 0;' }],
    says:
      'A queue that is disabled forgets the write-backs that it still holds back: the frames have left the ' +
      'packet buffer, no descriptor tells of them, and no counter either.',
    interleaved: true,
  },
  {
    name: 'arrivals-not-announced',
    part: 'device',
    file: 'src/hw/nic/nic.ts',
    edits: [{ find: '    this.receive.announceArrivals();\n', replace: '' }],
    says:
      'RXMEMWRAP goes on saying that the packet buffer is empty while frames arrive by the old redirection ' +
      'table: a ring move passes its barrier at once and disables the old queue under them.',
    interleaved: true,
  },
  {
    name: 'generation-read-after-registers',
    part: 'device',
    file: 'src/hw/nic/nic.ts',
    edits: [
      {
        find:
          '    // Read before the registers are: a write that comes later is seen next time.\n' +
          '    this.generation = this.registers.generation();\n',
        replace: '',
      },
      {
        find: '      this.trainLink(nowUs);\n    }\n    this.takeConfiguration();',
        replace:
          '      this.trainLink(nowUs);\n    }\n    this.takeConfiguration();\n' +
          '    this.generation = this.registers.generation();',
      },
    ],
    says:
      'The card notes the configuration as seen after it has read the registers: a write that comes while it ' +
      'reads is never taken over, so a queue is not enabled, or not disabled, and the driver waits for ever.',
    interleaved: true,
  },
  {
    name: 'message-sent-before-mask',
    part: 'device',
    file: 'src/hw/nic/interrupts.ts',
    edits: [
      {
        find: '    // Mask before clearing the cause: a driver that unmasks meanwhile sees one or the other.\n',
        replace: '    this.msix.signal(vector, this.fabric);\n',
      },
      {
        find: 'this.registers.clearBits(EICR, bit);\n    this.msix.signal(vector, this.fabric);',
        replace: 'this.registers.clearBits(EICR, bit);',
      },
    ],
    says:
      'The message goes out before the vector is masked: a CPU that has served and unmasked by then is masked ' +
      'again, with its cause cleared, and never told of the next frame.',
    interleaved: true,
  },
  {
    name: 'moderation-eats-the-cause',
    part: 'device',
    file: 'src/hw/nic/interrupts.ts',
    edits: [
      {
        find: '      this.nextTimerUs = Math.min(this.nextTimerUs, this.allowedUs[vector]);\n',
        replace: '      this.registers.clearBits(EICR, bit);\n',
      },
    ],
    says:
      'A cause that comes within the moderation interval is cleared as if it had been signalled, instead of ' +
      'being kept until the interval ends: if no other frame follows, nobody is told.',
    interleaved: true,
  },
  {
    name: 'summary-raised-before-line',
    part: 'device',
    file: 'src/hw/msix.ts',
    edits: [
      {
        find:
          '    or(this.memory.words, this.pending + (irq >>> 5), 1 << (irq & 31));\n' +
          '    or(this.memory.words, this.summary, 1 << (irq >>> 5));',
        replace:
          '    or(this.memory.words, this.summary, 1 << (irq >>> 5));\n' +
          '    or(this.memory.words, this.pending + (irq >>> 5), 1 << (irq & 31));',
      },
    ],
    says:
      'The summary of pending lines is set before the line: a CPU that takes it in between finds no line, and ' +
      'the bit that comes after it is in no summary. The vector has masked itself, so nothing repeats it.',
    interleaved: true,
  },
  {
    name: 'mask-bits-cleared-by-load-and-store',
    part: 'device',
    file: 'src/hw/registers.ts',
    edits: [
      {
        find: 'and(this.memory.words, this.base + (offset >>> 2), ~bits);',
        replace: 'this.set(offset, this.get(offset) & ~bits);',
      },
    ],
    says:
      'The card clears bits by a load and a store: when the automatic mask of one vector meets a driver that ' +
      "unmasks another, the driver's write is lost and that vector stays masked.",
    interleaved: true,
  },
  {
    name: 'sent-up-to-the-tail',
    part: 'device',
    file: 'src/hw/nic/transmit.ts',
    edits: [{ find: 'const end = this.head[queue];', replace: 'const end = this.tail[queue];' }],
    says:
      'When a step ends in the middle of a batch, by its budget or by PAUSE, descriptors up to the tail get DD: ' +
      'buffers are reclaimed and used again while their frames still wait to be sent.',
    interleaved: true,
  },
  {
    name: 'reports-only-with-new-frames',
    part: 'device',
    file: 'src/hw/nic/transmit.ts',
    edits: [
      {
        find: 'if (this.reported[queue] !== this.head[queue] && !this.holdsBack(queue)) this.report(queue);',
        replace: 'if (served > 0 && !this.holdsBack(queue)) this.report(queue);',
      },
    ],
    says:
      'Write-backs held back are made only in a step that sends something: when the ring is full no frame can ' +
      'follow, DD never comes, and nothing is ever sent again.',
    interleaved: true,
  },
];
