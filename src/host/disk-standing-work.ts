/** Work that waits for the driver of a disk: what standing-work.ts is for cards. Of one that is being exchanged nothing is said. */
import { BlockBooks } from '../check/blocks/books.ts';
import { DISK_STATE_BYTES, DiskState, PAIR } from '../drivers/nvme/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import type { Memory } from '../hw/memory.ts';
import { cqHead, sqTail, UNRUNG } from '../hw/nvme/datasheet.ts';
import { nvmeRegisters } from '../hw/nvme/layout.ts';
import type { RegisterFile } from '../hw/registers.ts';
import { load } from '../hw/shared.ts';
import type { Control } from './control.ts';
import { DiskService } from './disk-service.ts';
import type { DiskLayout } from './machine.ts';
import { RequestRing } from './remote/request-ring.ts';
import { judged, type Lookout, type StandingWork } from './standing-work.ts';

/** `address`: of its state block by now, 0 while nobody drives it. */
export function lookoutOfDisk(
  memory: Memory,
  disk: DiskLayout,
  control: Control,
  address: () => number,
): Lookout {
  const registers = nvmeRegisters(memory, disk.nvme);
  const books = new BlockBooks(memory, disk.client.regions.books);
  const asks = asking(memory, disk, books);
  return () =>
    judged(() => {
      const at = address();
      if (at === 0 || control.isSwapping(disk.index)) return [];
      const state = new DiskState(memory, { address: at, bytes: DISK_STATE_BYTES });
      state.validateShape(disk.nvme.device); // what is counted changes while it is served
      return [...inQueues(state, registers), ...(control.going && asks() ? asked(state, books) : [])];
    });
}

/** Is there anything to be done? A workload asks until it says that it is done; another thread's requests are as many as it has published. */
function asking(memory: Memory, { client, service }: DiskLayout, books: BlockBooks): () => boolean {
  if (client.kind === 'workload') {
    const progress = new DiskService(memory, service);
    return () => !progress.done;
  }
  const submissions = new RequestRing(memory, client.regions.submissions);
  return () => submissions.published !== (books.read('completed') | 0);
}

function inQueues(state: DiskState, registers: RegisterFile): StandingWork[] {
  const standing: StandingWork[] = [];
  const { words } = state.memory;
  for (let left = state.active; left !== 0; left &= left - 1) {
    const queue = lowestBit(left);
    const record = state.pair(queue);
    const slots = words[record + PAIR.slots];
    // Doorbells before positions: what comes in between is not rung yet, and counts as nothing done.
    const told = registers.get(sqTail(queue));
    const acknowledged = registers.get(cqHead(queue));
    const tail = load(words, record + PAIR.tail);
    const head = load(words, record + PAIR.head);
    if (head === tail) continue;
    if (state.completed(queue)) {
      const what = `completions lie in completion queue ${queue}, and none is taken`;
      standing.push({ what, word: 'head', at: head });
    } else if (behind(acknowledged, head, slots) === slots - 1) {
      const what = `completion queue ${queue} is full of completions that were taken`;
      standing.push({ what, word: 'CQHDBL', at: (head - (slots - 1)) | 0 });
    }
    const untold = behind(told, tail, slots);
    if (untold !== 0) {
      const what = `commands lie in submission queue ${queue} behind its doorbell`;
      standing.push({ what, word: 'SQTDBL', at: (tail - untold) | 0 });
    }
  }
  return standing;
}

/** Entries from what a doorbell says to a position. A driver cannot read it back, but it lies there. */
function behind(doorbell: number, position: number, slots: number): number {
  return (position - (doorbell === UNRUNG ? 0 : doorbell)) & (slots - 1);
}

/** Whoever has the requests: where no command is outstanding, there is nothing that a driver could wait for. */
function asked(state: DiskState, books: BlockBooks): StandingWork[] {
  const { words } = state.memory;
  for (let left = state.active; left !== 0; left &= left - 1) {
    const record = state.pair(lowestBit(left));
    if (load(words, record + PAIR.head) !== load(words, record + PAIR.tail)) return [];
  }
  const what = 'requests wait, and no command is outstanding';
  return [{ what, word: 'completed', at: books.read('completed') }];
}
