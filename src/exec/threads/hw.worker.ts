/** The hardware thread: cards and links, until it is told to stop. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Control } from '../../host/control.ts';
import { Bell } from '../../hw/bell.ts';
import { MonotonicClock } from '../../hw/clock.ts';
import { Memory } from '../../hw/memory.ts';
import { Hardware } from '../hardware.ts';
import { IdleWatch, type Occupancy, spinsFor } from './idle.ts';
import { failure, type HardwareResult, type HardwareStart, type ThreadMessage } from './messages.ts';
import { Recorder } from './recorder.ts';

/** Steps between two looks at the control words and at comments for the recording. */
const STEPS_PER_LOOK = 64;

function post(message: ThreadMessage<HardwareResult>): void {
  parentPort?.postMessage(message);
}

function main(start: HardwareStart): void {
  const memory = new Memory(start.buffer);
  const clock = new MonotonicClock(start.originUs);
  const recorder =
    start.pcapOut === undefined
      ? undefined
      : new Recorder(memory, start.pcapOut, start.layout.cards, start.epochNs);
  const hardware = new Hardware(memory, start.layout, clock, (card) => recorder?.tap(card.index));
  post({ kind: 'ready', drivers: { nic: [], nvme: [] } });
  const occupancy = runHardware(hardware, memory, clock, start, recorder);
  recorder?.close();
  hardware.close();
  post({
    kind: 'finished',
    result: {
      anomalies: hardware.verifiers.map((verifier) => verifier?.anomalies ?? []),
      losses: hardware.partners.map((partner) => partner.losses),
      occupancy,
    },
  });
}

function runHardware(
  hardware: Hardware,
  memory: Memory,
  clock: MonotonicClock,
  { layout, annotations }: HardwareStart,
  recorder: Recorder | undefined,
): Occupancy {
  const control = new Control(memory, layout.control);
  const idle = new IdleWatch(new Bell(memory, layout.hardwareBell), clock, spinsFor(layout));
  const hasWork = () => hardware.hasWork(clock.nowUs()) || control.hardwareStopped;
  const nextUs = () => hardware.nextTimerUs(clock.nowUs());
  let started = false;
  let beats = 0;
  for (let steps = 0; ; steps++) {
    const work = hardware.step(clock.nowUs());
    if (work > 0) idle.busy();
    else idle.pause(hasWork, nextUs);
    if (steps % STEPS_PER_LOOK !== 0 && work > 0) continue;
    control.beatHardware(++beats);
    if (recorder !== undefined) takeAnnotations(annotations, recorder);
    if (!started) hardware.rehearse();
    if (!started && control.going) {
      started = true;
      idle.restart();
      hardware.start(clock.nowUs());
    }
    if (control.trafficEnded) hardware.endTraffic();
    if (control.hardwareStopped) return idle.occupancy();
  }
}

function takeAnnotations(port: MessagePort, recorder: Recorder): void {
  for (let mail = receiveMessageOnPort(port); mail !== undefined; mail = receiveMessageOnPort(port))
    recorder.annotate(String(mail.message));
}

try {
  main(workerData as HardwareStart);
} catch (error) {
  post(failure(error));
}
