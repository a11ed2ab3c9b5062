/** Planted in the swap engine: hand-over, undo, ring moves, the reset control. */
import type { Sabotage } from '../sabotage.ts';

export const SWAP_BUGS: readonly Sabotage[] = [
  {
    name: 'imported-before-the-last-burst',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find:
          'function importState({ driverToCome, plan }: Exchange<DeviceTypes>): void {\n' +
          '  driverToCome.importState(plan.imported);',
        replace:
          'function* importState({ driverToCome, plan }: Exchange<DeviceTypes>): Slices {\n' +
          '  driverToCome.importState(plan.imported);\n  yield SERVE;',
      },
    ],
    says:
      'The import has a slice of its own, after which the old driver is polled once more: the burst that it ' +
      'delivers then is in no exported state, and the new driver delivers it again.',
    interleaved: true,
  },
  {
    name: 'rollback-forgets-the-transmit-side',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find: 'of [() => driverToCome.quiesce(), () => driverToCome.exportState(plan.imported)])',
        replace: 'of [() => driverToCome.release()])',
      },
    ],
    says:
      'A driver that has failed is released without quiesce and export: what it has put into transmit rings and ' +
      'not told the card of is overwritten by the old driver, frames and buffers are lost.',
    interleaved: true,
  },
  {
    name: 'undone-from-the-front',
    part: 'swap',
    file: 'src/swap/exchange.ts',
    edits: [
      {
        find: 'for (let at = this.at; at >= 0; at--) {',
        replace: 'for (let at = 0; at <= this.at; at++) {',
      },
    ],
    says:
      'Undos run in the order of their steps: the state block goes back to the pause before the old driver takes ' +
      'it over, and what the new one has delivered is delivered again.',
    interleaved: true,
  },
  {
    name: 'steered-before-queue-enabled',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      {
        find: '  steer(port, from, to);\n',
        replace: '',
      },
      {
        find: '  routeQueue(port, queue, queue);\n',
        replace: '  routeQueue(port, queue, queue);\n  steer(port, made.from, queue);\n',
      },
    ],
    says:
      'RETA is written before the new queue is enabled: frames that arrive in between belong to a disabled queue ' +
      'and are dropped.',
    interleaved: true,
  },
  {
    name: 'old-queue-given-up-unread',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [{ find: 'while (!gate.tookFromOld(last)) {', replace: 'while (!barrier.passed()) {' }],
    says:
      'The old queue is disabled and stripped when nothing can come to it any more, not when the driver has ' +
      'taken all that came: unread frames go home with their buffers, or are overtaken.',
    interleaved: true,
  },
  {
    name: 'one-wrap-is-enough',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [{ find: '& RXMEMWRAP_WRAPS) >= 2;', replace: '& RXMEMWRAP_WRAPS) >= 1;' }],
    says:
      'The barrier takes one wrap of the packet buffer for proof that the old frames are out: those that arrived ' +
      'shortly before the wrap are still inside, and their queue is disabled.',
    interleaved: true,
  },
  {
    name: 'gate-reads-the-counter-itself',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      { find: '  reta,\n', replace: '  reta,\n  qprc,\n' },
      {
        find: 'this.needed = statistics.receivedOnRing(this.from);',
        replace: 'this.needed = this.slot.environment.port.read32(qprc(this.from));',
      },
    ],
    says:
      'In the middle of a move QPRC is read past the statistics and cleared by that: neither the gate nor the ' +
      'final count knows of those frames, and the old ring is overtaken or given up with frames in it.',
    interleaved: false,
  },
  {
    name: 'moved-ring-named-after-its-queue',
    part: 'swap',
    file: 'src/swap/move.ts',
    edits: [
      {
        find: 'const logical = memory.words[state.rx(made.from) + RX.logical];',
        replace: 'const logical = made.from;',
      },
    ],
    says:
      "The number of the card's queue is taken for that of the application's: after a second move the two " +
      'differ, and frames are delivered for a queue that does not exist.',
    interleaved: false,
  },
  {
    name: 'last-count-before-the-last-drop',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      {
        find: '  yield* emptied(port);\n  statistics.collectAll();\n  for',
        replace: '  statistics.collectAll();\n  yield* emptied(port);\n  for',
      },
    ],
    says:
      'Before a reset the drop counters are read while the packet buffer is still being emptied into disabled ' +
      'queues: what is dropped after that is lost with the counters.',
    interleaved: true,
  },
  {
    name: 'unreclaimed-counted-as-unsent',
    part: 'swap',
    file: 'src/swap/take-down.ts',
    edits: [
      {
        find: 'let slot = port.read32(tdh(queue));',
        replace: 'let slot = words[record + TX.reclaimed] & mask;',
      },
    ],
    says:
      'A reset counts as thrown away all that is not reclaimed, also what the card has sent: frames come out of ' +
      'the cable that were accounted for as lost.',
    interleaved: true,
  },
  {
    name: 'torn-down-driver-keeps-its-slot',
    part: 'swap',
    file: 'src/swap/controls.ts',
    edits: [{ find: '  slot.driver = HELD;\n', replace: '' }],
    says:
      "While a card is being reset its old driver stays in the slot: another card's application sends by rings " +
      'that are disabled and freed, and its frames and buffers are gone.',
    interleaved: true,
  },
  {
    name: 'next-swap-begins-during-a-move',
    part: 'swap',
    file: 'src/swap/desk.ts',
    edits: [
      {
        find: 'if (slot.mediator !== null || this.closed) return;',
        replace: 'if ((slot.mediator !== null && exchange?.waitable !== true) || this.closed) return;',
      },
    ],
    says:
      'A request that may wait begins at once: the swap under way is forgotten in the middle of a ring move, and ' +
      'the gate before the new ring is never opened.',
    interleaved: true,
  },
];
