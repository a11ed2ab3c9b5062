/** What to look at in a driver of disks when an invariant breaks: the first that fits. */
import type { Advice } from './advice.ts';

export const DISK_ADVICE: readonly Advice[] = [
  {
    invariant: 'interrupts',
    advice:
      'look at the completion queues once more after unmasking the vectors, and let idle be true only if an interrupt will come for whatever is in flight',
  },
  {
    invariant: 'delivery',
    message: /was not outstanding/,
    advice:
      'a request was handed back twice: store the head of the completion queue (commit) when complete has returned, and begin there after importState',
  },
  {
    invariant: 'delivery',
    message: /requests failed/,
    advice:
      'requests ended with an error though the disk had none: hand each completion back with the status of its own command, and submit nothing twice',
  },
  {
    invariant: 'delivery',
    advice:
      'a request is not done: submit says how many were taken and every one of them has a command, doorbells held back are rung in poll and quiesce, and completions are looked at in activate and queuesChanged',
  },
  {
    invariant: 'damage',
    advice:
      'a block is not what was asked for: let each command carry the block, length and data of its own request, and use a command identifier again only when its completion has been taken',
  },
  {
    invariant: 'order',
    advice:
      'a read returned what was overwritten: answer a write only when it is done, or look into what you keep of it before you read from the disk',
  },
  {
    invariant: 'promise',
    advice:
      'what a flush or a write with FUA had promised was lost with the power: answer neither before the disk has, and write out first what you keep of your own',
  },
  {
    invariant: 'buffers',
    advice: 'memory is left behind: free in release and stop what was allocated, and unmap what was mapped',
  },
  {
    invariant: 'driver',
    message: /no progress|end of its (probation|move)/,
    advice:
      'a driver on probation must serve what waits: look at every completion queue in activate and queuesChanged, not only when a vector fires',
  },
  {
    invariant: 'driver',
    message: /does not come to (its|the) end/,
    advice:
      'every call is bounded: yield in start, stop and configure where they wait, and wait nowhere else',
  },
  {
    invariant: 'driver',
    advice:
      'no call may throw once the driver serves: what cannot be done now is tried again in a later poll',
  },
];
