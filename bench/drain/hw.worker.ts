/** A cell's hardware thread: fills the rings when it is its turn, and otherwise does nothing. */
import { parentPort, workerData } from 'node:worker_threads';
import { Hardware } from '../../src/exec/hardware.ts';
import { failure } from '../../src/exec/threads/messages.ts';
import { Control } from '../../src/host/control.ts';
import { MonotonicClock } from '../../src/hw/clock.ts';
import { Memory } from '../../src/hw/memory.ts';
import type { CellStart, HardwareCommand } from './messages.ts';
import { CPU, NOBODY, Turns } from './turns.ts';

/** A turn lasts at least so long: longer than any driver holds interrupts back. */
const LEAST_TURN_US = 120;
/** Steps in a row that find nothing, after which the rings are as full as they get. */
const QUIET_STEPS = 4;

function main(start: CellStart): void {
  const memory = new Memory(start.buffer);
  const clock = new MonotonicClock(start.originUs);
  const control = new Control(memory, start.layout.control);
  const turns = new Turns(start.turns);
  const hardware = new Hardware(memory, start.layout, clock, () => undefined);
  parentPort?.on('message', (command: HardwareCommand) => {
    if (command.kind === 'end') hardware.endTraffic();
    const free = command.kind === 'swaps' || command.kind === 'free';
    if (free) while (turns.now() !== NOBODY) hardware.step(clock.nowUs());
    else takeTurns(hardware, turns, clock, command.kind === 'brief' ? 0 : LEAST_TURN_US);
    // The word says NOBODY, and this side has seen it: another command may be given.
    if (command.kind !== 'end') return parentPort?.postMessage({ kind: 'left' });
    // Drivers that stop wait for the card too.
    while (!control.hardwareStopped) hardware.step(clock.nowUs());
    const anomalies = hardware.verifiers.map((verifier) => verifier?.anomalies ?? []);
    parentPort?.postMessage({ kind: 'finished', result: { anomalies } });
  });
  parentPort?.postMessage({ kind: 'ready' });
  // Drivers wait for the card while they bring it up: it runs freely until they have.
  while (!control.going) hardware.step(clock.nowUs());
  hardware.start(clock.nowUs());
}

function takeTurns(hardware: Hardware, turns: Turns, clock: MonotonicClock, leastUs: number): void {
  while (turns.await(CPU) !== NOBODY) {
    fill(hardware, clock, leastUs);
    turns.lines.write();
    turns.give(CPU);
  }
}

function fill(hardware: Hardware, clock: MonotonicClock, leastUs: number): void {
  const beganUs = clock.nowUs();
  let quiet = 0;
  for (let now = beganUs; quiet < QUIET_STEPS || now < beganUs + leastUs; now = clock.nowUs())
    quiet = hardware.step(now) > 0 ? 0 : quiet + 1;
}

try {
  main(workerData as CellStart);
} catch (error) {
  parentPort?.postMessage(failure(error));
}
