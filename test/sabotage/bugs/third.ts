/** Planted blind, in rounds of ten: what the checkers did not find at first is here since they do. */
import type { Sabotage } from '../sabotage.ts';

export const THIRD_BUGS: readonly Sabotage[] = [
  {
    name: 'empty-shown-before-counted',
    part: 'device',
    file: 'src/hw/nic/receive.ts',
    edits: [
      {
        find: '    this.countRun();\n    for (const queue',
        replace: '    this.showWrapStatus(fifo.wrapStatus());\n    this.countRun();\n    for (const queue',
      },
    ],
    says: 'RXMEMWRAP says that the packet buffer is empty before the last frames are counted for their queue: the old queue of a move is given up with frames unread.',
    interleaved: true,
  },
  {
    name: 'hand-back-keeps-old-snapshot',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find: '  state.save(slot.snapshot); // the undo of `export` finds what is true now\n',
        replace: '',
      },
    ],
    says: 'A swap is undone from probation with the state block as it was before the new driver served: positions go back, frames come twice.',
    interleaved: false,
  },
  {
    name: 'sleeps-on-held-doorbells',
    part: 'drivers',
    file: 'src/drivers/nic/batching.ts',
    edits: [
      {
        find: 'return super.idle() && !this.holdsDoorbells();',
        replace: 'return super.idle();',
      },
    ],
    says: 'The batching driver lets the CPU sleep while it holds doorbells back: what was sent last is never sent.',
    interleaved: true,
  },
  {
    name: 'descriptors-needed-rounded',
    part: 'device',
    file: 'src/hw/nic/rx-queue.ts',
    edits: [
      {
        find: 'Math.ceil(bytes / this.bufferBytes)',
        replace: 'Math.round(bytes / this.bufferBytes)',
      },
    ],
    says: 'The card rounds the number of descriptors that a long frame needs: the end of the frame is cut off.',
    interleaved: false,
  },
  {
    name: 'counters-not-read-before-reset',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      {
        find: '  statistics.collectAll();\n  for',
        replace: '  for',
      },
    ],
    says: 'The drop counters are not read before the reset clears them: frames are gone and no counter has them.',
    interleaved: false,
  },
  {
    name: 'vector-shift-of-a-byte',
    part: 'drivers',
    file: 'src/drivers/nic/bring-up.ts',
    edits: [
      {
        find: '  const shift = (queue & 1) * 16;\n  const entry',
        replace: '  const shift = (queue & 1) * 8;\n  const entry',
      },
    ],
    says: 'The vectors of odd queues are written over those of even ones: a queue tells nobody, or the wrong one.',
    interleaved: false,
  },
  {
    name: 'undo-known-after-the-step',
    part: 'swap',
    file: 'src/swap/exchange.ts',
    edits: [
      {
        find: 'for (let at = this.at; at >= 0; at--) {',
        replace: 'for (let at = this.at - 1; at >= 0; at--) {',
      },
    ],
    says: 'The undo of a step is noted after the step: one that fails halfway is not undone.',
    interleaved: true,
  },
  {
    name: 'gate-opens-over-unwritten',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      {
        find: '      if ((status & RX_DD) === 0) break;\n',
        replace: '',
      },
    ],
    says: 'The gate of a new ring opens over descriptors that are counted and not yet written.',
    interleaved: true,
  },
  {
    name: 'pause-not-before-its-time',
    part: 'device',
    file: 'src/hw/nic/flow-control.ts',
    edits: [
      {
        find: 'used >= this.high && (!this.paused || nowUs >= this.refreshUs)',
        replace: 'used >= this.high && nowUs >= this.refreshUs',
      },
    ],
    says: 'No PAUSE is sent before an earlier one would have ended, though that was taken back: the packet buffer overflows.',
    interleaved: false,
  },
  {
    name: 'doorbell-survives-adoption',
    part: 'drivers',
    file: 'src/drivers/nic/tx-ring.ts',
    edits: [
      {
        find: '    this.rung = this.tail;\n  }\n\n  /**\n   * Takes over from a CPU',
        replace: '  }\n\n  /**\n   * Takes over from a CPU',
      },
    ],
    says: 'A transmit ring that is taken over counts from the last doorbell of its first life, or from none: its note is of descriptors that others rang.',
    interleaved: true,
  },
  {
    name: 'probation-of-one-poll',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find: '    exchange.waitForVerdict(walked);\n  }\n',
        replace: '    probation.passed();\n    if (walked) break;\n  }\n',
      },
    ],
    says: 'Probation ends after one poll: a driver that throws in the next one is not swapped back.',
    interleaved: true,
  },
  {
    name: 'counters-not-restarted',
    part: 'drivers',
    file: 'src/drivers/nic/ring-driver.ts',
    edits: [
      {
        find: '    statistics.restart();\n',
        replace: '',
      },
    ],
    says: 'A cold start counts frames of its rings from the last reset but one: a later move waits for frames that never come.',
    interleaved: false,
  },
  {
    name: 'parameters-not-taken-over',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find: '  slot.parameters = plan.parameters;\n',
        replace: '',
      },
    ],
    says: 'The slot keeps the parameters of the old driver: the next swap plans with what is not there.',
    interleaved: false,
  },
  {
    name: 'one-group-of-lines',
    part: 'host',
    file: 'src/host/cpu.ts',
    edits: [
      {
        find: 'while (groups !== 0) {',
        replace: 'if (groups !== 0) {',
      },
    ],
    says: 'Only the first group of pending lines is taken: those of later cards are cleared from the summary unserved.',
    interleaved: false,
  },
  {
    name: 'target-not-set-at-import',
    part: 'drivers',
    file: 'src/drivers/nic/ring-driver.ts',
    edits: [
      {
        find: '    for (const ring of this.rx) ring.setTarget(this.parameters.rxBuffers);\n    this.environment',
        replace: '    this.environment',
      },
    ],
    says: 'The new driver keeps the old number of posted buffers, the pool the new one: some ring goes without.',
    interleaved: true,
  },
  {
    name: 'receiver-left-on-in-teardown',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      {
        find: '  slot.losses.tear();\n  port.write32(RXCTRL, 0);\n',
        replace: '  slot.losses.tear();\n',
      },
    ],
    says: 'The receiver is on while the queues are torn down: frames are dropped after the counters were read.',
    interleaved: true,
  },
  {
    name: 'first-table-word-left',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      {
        find: '  for (let word = 0; word < RETA_WORDS; word++) {\n    const entries = port.read32(reta(word));\n    let changed',
        replace:
          '  for (let word = 1; word < RETA_WORDS; word++) {\n    const entries = port.read32(reta(word));\n    let changed',
      },
    ],
    says: 'The first word of the redirection table is not rewritten in a move: its flows go to a queue that is disabled.',
    interleaved: false,
  },
];
