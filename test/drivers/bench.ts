/** One card up and no traffic yet, for tests that hold its driver in their hands. */
import { Burst } from '../../src/drivers/burst.ts';
import type { NicDriver, NicEnvironment } from '../../src/drivers/contract.ts';
import type { Parameters } from '../../src/drivers/parameters.ts';
import { type CardOptions, TestMachine } from '../machine.ts';

export interface Bench {
  readonly machine: TestMachine;
  readonly driver: NicDriver;
  readonly environment: NicEnvironment;
  /** Register writes of the driver since the bench was made, in order. */
  readonly writes: { readonly offset: number; readonly value: number }[];
}

export function benchOf(driver: string, parameters: Parameters = {}, card: CardOptions = {}): Bench {
  const machine = new TestMachine({ cards: [{ driver, parameters, ...card }] });
  machine.boot();
  machine.runFor(50); // the first looks at empty rings are over
  const { environment } = machine.slot();
  const { port } = environment;
  const writes: Bench['writes'] = [];
  const write = port.write32.bind(port);
  port.write32 = (offset, value) => {
    writes.push({ offset, value });
    write(offset, value);
  };
  return { machine, driver: machine.slot().driver, environment, writes };
}

/** So many single-buffer frames of 64 bytes, in buffers from the pool. */
export function burstOf({ environment }: Bench, frames: number): Burst {
  const burst = new Burst();
  for (let i = 0; i < frames; i++) {
    burst.buffers[i] = environment.pool.take();
    burst.lengths[i] = 60;
    burst.ends[i] = 1;
  }
  burst.segments = burst.frames = frames;
  return burst;
}

export function transmit(bench: Bench, frames: number): void {
  bench.driver.transmit(0, burstOf(bench, frames), frames, 0, 0);
}

/** Values written to one register. */
export function written({ writes }: Bench, offset: number): number[] {
  return writes.filter((write) => write.offset === offset).map(({ value }) => value);
}

/** Whole steps of card and link. */
export function stepCard(machine: TestMachine, steps = 1): void {
  for (let i = 0; i < 2 * steps; i++) machine.stepHardware();
}
