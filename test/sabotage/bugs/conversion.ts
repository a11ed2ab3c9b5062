/** Planted where what drivers keep for themselves goes from one format to another, from one driver to the next. */
import type { Sabotage } from '../sabotage.ts';

export const CONVERSION_BUGS: readonly Sabotage[] = [
  {
    name: 'converted-words-stay',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find: '  exchange.conversion?.takeBack(exchange.slot.environment.state.own, exchange.plan.format);\n',
        replace: '',
      },
    ],
    says: 'A swap that is undone does not give the old driver back what it had exported: it finds nothing of its own.',
    interleaved: true,
    amongMarked: true,
  },
  {
    name: 'converted-under-the-old-name',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [{ find: 'state.own, plan.imported);', replace: 'state.own, plan.format);' }],
    says: 'The words are in the new format, and the state block says that they are in the old one.',
    interleaved: false,
    amongMarked: true,
  },
  {
    name: 'kept-when-converted',
    part: 'swap',
    file: 'src/swap/conversion.ts',
    edits: [
      {
        find: '    own.copyTo(this.kept);\n    this.to.set(this.kept);\n',
        replace: '    own.copyTo(this.to);\n',
      },
      {
        find: '    own.copyFrom(this.to, format);\n',
        replace: '    own.copyFrom(this.to, format);\n    own.copyTo(this.kept);\n',
      },
    ],
    says: 'What is kept for the old driver is copied when it was converted already.',
    interleaved: true,
    amongMarked: true,
  },
  {
    name: 'exported-over-what-holds',
    part: 'swap',
    file: 'src/swap/common-actions.ts',
    edits: [
      {
        find: '  state.own.moveTo(slot.assignment.nextBank, plan.format);\n  old.driver.exportState(plan.format);\n',
        replace:
          '  state.own.moveTo(slot.assignment.bank, plan.format);\n  old.driver.exportState(plan.format);\n',
      },
    ],
    says: 'A swap converts in the bank that holds: if the CPU dies before its end, the old driver finds what the new one has.',
    interleaved: true,
    amongMarked: true,
  },
  {
    name: 'converters-by-their-order',
    part: 'swap',
    file: 'src/swap/conversion.ts',
    edits: [
      {
        find: 'for (const converter of this.path) {',
        replace: 'for (const converter of [...this.path].reverse()) {',
      },
    ],
    says: 'Of a way over several formats the last converter comes first, and finds nothing that it knows.',
    interleaved: false,
    amongMarked: true,
  },
  {
    name: 'own-words-forgotten-in-a-handover',
    part: 'swap',
    file: 'src/swap/slot.ts',
    edits: [{ find: 'state.own.use(assignment.bank);', replace: 'state.own.use(0);' }],
    says: 'Whoever makes a slot looks for the words of its driver in the first bank, in which a swap has left those of another.',
    interleaved: false,
    amongMarked: true,
  },
];
