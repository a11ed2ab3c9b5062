/** All benches, in the order in which they are run. */
import type { Bench } from './bench.ts';
import { disk } from './disk.ts';
import { diskSwap } from './disk-swap.ts';
import { forward } from './forward.ts';
import { growth } from './growth.ts';
import { handover } from './handover.ts';
import { latency } from './latency.ts';
import { lossFree } from './loss-free.ts';
import { memory } from './memory.ts';
import { nbd } from './nbd.ts';
import { receive } from './receive.ts';
import { swap } from './swap.ts';
import { traffic } from './traffic.ts';

export const BENCHES: readonly Bench[] = [
  receive,
  forward,
  latency,
  swap,
  traffic,
  lossFree,
  growth,
  handover,
  memory,
  disk,
  diskSwap,
  nbd,
];

/** Throws RangeError: callers have checked the name. */
export function benchNamed(name: string): Bench {
  const bench = BENCHES.find((one) => one.name === name);
  if (bench === undefined) throw new RangeError(`there is no bench ${name}`);
  return bench;
}
