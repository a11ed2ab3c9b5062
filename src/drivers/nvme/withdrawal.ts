/** What a queue pair still had when its disk was reset: the disk has forgotten all of it, and only the shadows tell. */
import type { DiskEnvironment } from './contract.ts';
import { MOST_MERGED, type OwnCommands, QueuePair } from './queue-pair.ts';
import { OP, REQUEST } from './requests.ts';

/** Requests taken from the completion queue at a time. */
const BURST = 256;

/** Requests, none of which is done. */
export interface Withdrawn {
  /** Of the client's queues. */
  readonly queue: number;
  /** Reads and writes, whether they had a command of their own or shared one, told to the disk or not. */
  readonly moves: number[];
  readonly others: number[];
}

/** A driver's own commands are no requests. Whoever takes the driver's place sees that they are gone. */
const NOBODY: OwnCommands = { finished: () => undefined };

/** Hands over what the disk had completed before, and returns the rest. The pair is of no use any more: see `dropPair`. */
export function withdraw(environment: DiskEnvironment, queue: number): Withdrawn {
  const { memory, requests, state } = environment;
  const { words } = memory;
  const pair = new QueuePair(environment, queue);
  pair.own = NOBODY;
  pair.adopt();
  takeDone(environment, pair);
  const moves: number[] = [];
  const others: number[] = [];
  state.forEachCommand((first, count, of) => {
    if (of !== queue || first < 0) return;
    const op = words[requests.at(first) + REQUEST.op];
    const list = op === OP.read || op === OP.write ? moves : others;
    let request = first;
    for (let left = count; left > 0; left--) {
      list.push(request);
      request = words[requests.at(request) + REQUEST.next];
    }
  });
  return { queue: pair.logical, moves, others };
}

function takeDone(environment: DiskEnvironment, pair: QueuePair): void {
  const done = new Int32Array(BURST + MOST_MERGED);
  let count: number;
  do {
    count = pair.reap(done, BURST);
    if (count > 0) environment.complete(pair.logical, done, count);
    pair.commitUntold();
  } while (count > 0);
}
