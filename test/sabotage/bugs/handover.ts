/** Planted where a CPU leaves its devices to another one. */
import type { Sabotage } from '../sabotage.ts';

export const HANDOVER_BUGS: readonly Sabotage[] = [
  {
    name: 'pool-as-it-was',
    part: 'host',
    file: 'src/host/takeover.ts',
    edits: [{ find: '    parts.pool.reread();\n', replace: '' }],
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
        find:
          '        slot.driver.quiesce();\n        passOn(slot, formatOf(slot.name, slot.definition));\n' +
          '        slot.driver.release();\n',
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
        find: '      this.slots.every(({ assignment }, i) => assignment.version === this.versions[i]) &&\n',
        replace: '',
      },
    ],
    says: 'A CPU made before a swap takes over with the driver and the rings that there were then.',
    interleaved: false,
  },
  {
    name: 'disk-fits-whatever-came',
    part: 'host',
    file: 'src/host/disk.ts',
    edits: [{ find: 'return this.slot.assignment.version === this.version;', replace: 'return true;' }],
    says: 'A CPU made before a swap takes a disk over with the driver and the queue pairs that there were then.',
    interleaved: false,
  },
  {
    name: 'requests-as-they-were',
    part: 'host',
    file: 'src/host/disk.ts',
    edits: [{ find: '    this.passing?.reread();\n', replace: '' }],
    says: 'The workload of a CPU that takes over knows whose each request was when it was made: some are asked for twice.',
    interleaved: false,
  },
  {
    name: 'disk-told-of-the-first-cpu',
    part: 'host',
    file: 'src/host/disk.ts',
    edits: [
      {
        find: 'port.connectVector(vector, cpu, this.layout.index * LINES_PER_DEVICE + vector);',
        replace: 'port.connectVector(vector, 0, this.layout.index * LINES_PER_DEVICE + vector);',
      },
    ],
    says: 'Interrupts of a disk go on to the CPU that served it first: who took over sleeps while completions lie there.',
    interleaved: false,
  },
  {
    name: 'buffer-freed-on-leaving',
    part: 'drivers',
    file: 'src/drivers/nvme/buffered.ts',
    edits: [{ find: '      this.owns = false;\n      return;\n', replace: '      return;\n' }],
    says: 'A driver that has handed its write buffer over frees it when it leaves: what is allocated next lies in it.',
    interleaved: false,
  },
  {
    name: 'shapes-not-remembered',
    part: 'host',
    file: 'src/host/cpu.ts',
    edits: [
      {
        find: '    for (const slot of this.slots) countBuffersOf(slot);\n    this.host.remember();\n',
        replace: '    for (const slot of this.slots) countBuffersOf(slot);\n',
      },
    ],
    says: 'A CPU that has taken over does not know what the rings of its devices look like: the first swap is blamed for all of them.',
    interleaved: false,
  },
];
