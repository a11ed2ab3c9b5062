/** A driver's life on a bench: cold start, service, a hand-over each way, the end. */
import type { NicDriver, NicDriverDefinition } from '../../../drivers/contract.ts';
import { batching } from '../../../drivers/nic/batching.ts';
import { polling } from '../../../drivers/nic/polling.ts';
import { STATE_FORMAT, TX } from '../../../drivers/nic/state.ts';
import { EICR_QUEUES, EIMS, QUEUES } from '../../../hw/nic/datasheet.ts';
import { reasonOf } from '../../../swap/slices.ts';
import type { SimParts } from '../run.ts';
import { BENCH_FRAMES, Bench, touches } from './bench.ts';
import { type Finding, fail, pass } from './point.ts';

/** What a driver did wrong, in a sentence for its author. */
class Broken extends Error {}

/** Each stage throws where the driver fails it. */
function askStages(stages: () => string): Finding {
  try {
    return pass(stages());
  } catch (error) {
    if (error instanceof Broken) return fail(error.message);
    throw error;
  }
}

/** `what` it is that throws, should it throw. */
function trying<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Broken) throw error;
    throw new Broken(`${what} throws: ${reasonOf(error)}`);
  }
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new Broken(otherwise);
}

/** Cold start, service, stop: whatever was taken comes home. */
export function askStartAndStop(parts: SimParts, definition: NicDriverDefinition): Finding {
  return askStages(() => {
    const bench = trying('create', () => new Bench(parts, definition));
    const { dma, state } = bench.environment;
    const memory = dma.freeBytes();
    trying('start', () => bench.boot());
    demandKinds(bench.driver);
    serveAll(bench, BENCH_FRAMES);
    demandBuffers(bench, 'while it serves');
    trying('stop', () => bench.through(bench.driver.stop()));
    demand(
      state.header('rxActive') === 0 && state.header('txActive') === 0,
      'stop leaves queues marked as active in the state block: disable each, and clear its bit (rxActive, txActive)',
    );
    const away = bench.buffersAway;
    demand(
      away === 0,
      `stop leaves ${away} packet buffers away: put home what is posted, and what is not yet sent`,
    );
    const kept = memory - dma.freeBytes();
    demand(kept <= 0, `stop keeps ${kept / 1024} KiB of DMA memory: free rings and shadows`);
    return 'buffers and rings are home';
  });
}

function demandKinds(driver: NicDriver): void {
  const frames: unknown = trying('poll', () => driver.poll(1));
  demand(isCount(frames), `poll returns ${String(frames)}: return the number of frames moved, 0 for none`);
  const idle: unknown = trying('idle', () => driver.idle());
  demand(typeof idle === 'boolean', `idle returns ${String(idle)}: return true or false`);
  const room: unknown = trying('room', () => driver.room(0));
  demand(isCount(room), `room returns ${String(room)}: return the number of free transmit descriptors`);
}

function isCount(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 0;
}

/** It takes over from a driver with much in flight, serves, and hands over to another one. */
export function askHandOver(parts: SimParts, definition: NicDriverDefinition): Finding {
  return askStages(() => {
    const bench = new Bench(parts, batching);
    bench.boot();
    bench.serve(BENCH_FRAMES / 3);
    const driver = trying('create', () => bench.make(definition));
    takeOver(bench, driver);
    serveAll(bench, BENCH_FRAMES / 2);
    demandBuffers(bench, 'after it took over');
    bench.serve((2 * BENCH_FRAMES) / 3, () => heldDescriptors(bench).length > 0);
    handOver(bench, driver);
    return 'with frames in flight';
  });
}

/** In the pause of a swap; importState twice, as it comes when a swap is undone. */
function takeOver(bench: Bench, driver: NicDriver): void {
  const { environment } = bench;
  const old = bench.driver;
  old.quiesce();
  bench.arrive(20);
  old.exportState(STATE_FORMAT);
  const buffers = environment.pool.available;
  const memory = environment.dma.freeBytes();
  const seen = touches(environment.port, () =>
    trying('importState', () => {
      bench.bounded(() => driver.importState(STATE_FORMAT));
      bench.bounded(() => driver.importState(STATE_FORMAT));
    }),
  );
  demand(
    seen.length === 0,
    `importState ${seen[0]}: read the state block alone, the card is set in activate`,
  );
  demand(
    environment.pool.available === buffers && environment.dma.freeBytes() === memory,
    'importState takes buffers or memory: the pause is no time to allocate; do it in the constructor, post in activate or poll',
  );
  trying('importState leaves a state block that', () => environment.state.validate(environment.port.device));
  bench.driver = driver;
  trying('activate', () => bench.bounded(() => driver.activate()));
}

/** Its vectors are masked, its doorbells rung; another driver goes on from there. */
function handOver(bench: Bench, driver: NicDriver): void {
  const { environment } = bench;
  const next = bench.make(polling);
  trying('quiesce', () => bench.bounded(() => driver.quiesce()));
  demandMasked(bench, 'quiesce');
  bench.arrive(20);
  trying('exportState', () => bench.bounded(() => driver.exportState(STATE_FORMAT)));
  demandMasked(bench, 'exportState');
  demandTold(bench);
  trying('exportState leaves a state block that', () => environment.state.validate(environment.port.device));
  demandBuffers(bench, 'when it has exported');
  next.importState(STATE_FORMAT);
  bench.driver = next;
  next.activate();
  demand(
    bench.serve(BENCH_FRAMES),
    'polling could not go on where it left off: export what is not in the state block',
  );
  demandBuffers(bench, 'after it handed over');
}

function demandMasked(bench: Bench, after: string): void {
  const bits = bench.register(EIMS) & EICR_QUEUES;
  demand(
    bits === 0,
    `after ${after} vectors are unmasked (EIMS = 0x${bits.toString(16)}): write the bits of all of them to EIMC in quiesce`,
  );
}

/** What was filled and not told would be nobody's: the successor begins at what the card was told. */
function demandTold(bench: Bench): void {
  const [held] = heldDescriptors(bench);
  if (held === undefined) return;
  throw new Broken(
    `${held.count} descriptors of transmit queue ${held.queue} are filled and the card is not told of them: ring held doorbells in quiesce or exportState`,
  );
}

/** Descriptors whose doorbell is held back, by queue. */
function heldDescriptors({ environment: { state, memory } }: Bench): { queue: number; count: number }[] {
  const queues = Array.from({ length: QUEUES }, (_, queue) => queue).filter((queue) => state.txActive(queue));
  return queues
    .map((queue) => {
      const record = state.tx(queue);
      return { queue, count: (memory.words[record + TX.filled] - memory.words[record + TX.posted]) | 0 };
    })
    .filter(({ count }) => count !== 0);
}

function demandBuffers(bench: Bench, when: string): void {
  const problem = bench.bufferProblem();
  demand(
    problem === undefined,
    `${when}, ${problem}: each belongs to the free list or to one ring between two calls`,
  );
}

function serveAll(bench: Bench, frames: number): void {
  const served = trying('service', () => bench.serve(frames));
  demand(
    served,
    `it delivers ${bench.delivered} frames of ${frames} and then no more: look at every ring in activate and when a vector fires, and post buffers again`,
  );
}
