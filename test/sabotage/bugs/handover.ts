/** Planted where a CPU leaves its cards to another one. */
import type { Sabotage } from '../sabotage.ts';

export const HANDOVER_BUGS: readonly Sabotage[] = [
  {
    name: 'pool-as-it-was',
    part: 'host',
    file: 'src/host/cpu.ts',
    edits: [{ find: '    this.pool.reread();\n', replace: '' }],
    says:
      'The CPU that takes over knows the free buffers as they were when it was made: it gives away those that lie in ' +
      'rings by now.',
    interleaved: false,
  },
  {
    name: 'leaves-without-a-word',
    part: 'host',
    file: 'src/host/cpu.ts',
    edits: [
      {
        find: '        slot.driver.quiesce();\n        passOn(slot, formatOf(slot.name, slot.definition));\n',
        replace: '',
      },
    ],
    says: 'The CPU that leaves does not let its drivers tell their cards what they have held back.',
    interleaved: false,
  },
  {
    name: 'fits-whatever-came',
    part: 'host',
    file: 'src/host/cpu.ts',
    edits: [
      {
        find: 'return this.slots.every(({ assignment }, i) => assignment.version === this.versions[i]);',
        replace: 'return true;',
      },
    ],
    says: 'A CPU made before a swap takes over with the driver and the rings that there were then.',
    interleaved: false,
  },
];
