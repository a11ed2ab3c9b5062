/** Planted where a CPU takes disks over from one that has died, and where that one wrote down what its successor needs. */
import type { Sabotage } from '../sabotage.ts';

export const DISK_CRASH_BUGS: readonly Sabotage[] = [
  {
    name: 'completions-not-taken-back',
    part: 'drivers',
    file: 'src/drivers/nvme/settlement.ts',
    edits: [{ find: '  settlement.takeBackCompletions();\n', replace: '' }],
    says: 'CIDs of completions that were taken and not committed count as free, and their completions come once more.',
    interleaved: true,
  },
  {
    name: 'told-of-once-more',
    part: 'drivers',
    file: 'src/drivers/nvme/settlement.ts',
    edits: [
      {
        find: 'this.chainOf(shadow).filter((request) => this.waits(request));',
        replace: 'this.chainOf(shadow).slice();',
      },
    ],
    says: 'A client whose books were closed before the head was stored is told once more of all that is in them.',
    interleaved: true,
  },
  {
    name: 'untold-not-told-again',
    part: 'drivers',
    file: 'src/drivers/nvme/settlement.ts',
    edits: [{ find: '  port.write32(sqTail(queue), tail & mask);\n', replace: '' }],
    says: 'A CPU that died between the tail and its doorbell has told the disk of nothing, and nor does the next one.',
    interleaved: true,
  },
  {
    name: 'shadow-counts-before-its-place',
    part: 'drivers',
    file: 'src/drivers/nvme/queue-pair.ts',
    edits: [
      {
        find: '        put(words, shadow + SHADOW.at, tail);\n        put(words, shadow + SHADOW.count, 1);\n        freeCids',
        replace:
          '        put(words, shadow + SHADOW.count, 1);\n        put(words, shadow + SHADOW.at, tail);\n        freeCids',
      },
    ],
    says: 'A command counts before its place in the queue is told: one that was never enqueued is taken for an older one.',
    interleaved: true,
  },
  {
    name: 'not-taken-not-offered-again',
    part: 'host',
    file: 'src/host/workload/workload.ts',
    edits: [
      {
        find: '      else if (requests.isUntaken(request)) put(this.memory.words, requests.at(request) + OWNER, PREPARED);\n',
        replace: '',
      },
    ],
    says: 'What a driver was offered when its CPU died, and had not taken, is waited for without end.',
    interleaved: true,
  },
  {
    name: 'ended-and-not-heard-of',
    part: 'host',
    file: 'src/host/workload/workload.ts',
    edits: [
      {
        find: 'if (requests.status(request) !== PENDING) unheard.push(request);',
        replace: 'if (requests.status(request) !== PENDING) continue;',
      },
    ],
    says: 'A request that a buffer had answered, and its client not yet heard of when the CPU died, is waited for without end.',
    interleaved: true,
  },
  {
    name: 'waiting-list-as-it-lies',
    part: 'drivers',
    file: 'src/drivers/nvme/buffered.ts',
    edits: [{ find: '    for (const list of this.waiting) list.sift(this.waits);\n', replace: '' }],
    says: 'Requests that are in a waiting list twice, or have a command already, are begun with once more.',
    interleaved: true,
  },
];
