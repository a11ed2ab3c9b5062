/** What happened in a scenario, line by line: the same text for the same seed, everywhere. */
import type { Burst } from '../../drivers/burst.ts';
import { REQUEST } from '../../drivers/nvme/requests.ts';
import { NIC_REGISTERS } from '../../hw/nic/datasheet.ts';
import { NVME_REGISTERS } from '../../hw/nvme/datasheet.ts';
import type { RegisterTable } from '../../hw/registers.ts';
import type { AnySlot } from '../../swap/slot.ts';
import type { SimMachine } from './machine.ts';

export interface Trace {
  line(timeUs: number, text: string): void;
}

/** Keeps all lines. */
export class Lines implements Trace {
  readonly lines: string[] = [];

  line(timeUs: number, text: string): void {
    this.lines.push(`${timeUs.toFixed(3).padStart(12)}  ${text}`);
  }
}

type Say = (text: string) => void;

const CARD_REGISTERS = namesOf(NIC_REGISTERS);
const DISK_REGISTERS = namesOf(NVME_REGISTERS);

/** What the CPU does, as it comes: register accesses, what is delivered and completed, phases of swaps. */
export function traceCpu(machine: SimMachine, trace: Trace): void {
  const say: Say = (text) => trace.line(machine.clock.us, text);
  machine.cpu.slots.forEach((slot, card) => {
    tracePort(slot.environment.port, CARD_REGISTERS, say);
    traceRefusals(slot, say);
    traceVerifier(machine.cpu.checks[card].verifier, `${slot.name} delivers`, say);
  });
  for (const disk of machine.cpu.disks) {
    tracePort(disk.slot.environment.port, DISK_REGISTERS, say);
    traceClient(disk, say);
  }
  traceSteps(machine, say);
}

/** What the devices do: frames and commands, interrupts. */
export function traceHardware(machine: SimMachine, trace: Trace): void {
  const say: Say = (text) => trace.line(machine.clock.us, text);
  const { hardware, layout } = machine;
  layout.cards.forEach(({ name }, card) => {
    const returned = hardware.verifiers[card];
    if (returned !== undefined) traceVerifier(returned, `${name} has sent`, say);
  });
  traceInterrupts(machine, say);
  for (const nic of hardware.nics)
    traceWork(nic, (done, budget) => say(`${nic.name} moves ${done} of at most ${budget} frames each way`));
  hardware.partners.forEach((partner, card) => {
    const { name } = layout.cards[card];
    traceWork(partner, (done) => say(`link of ${name} offers ${done} frames`));
  });
  for (const disk of hardware.disks)
    traceWork(disk, (done, budget) => say(`${disk.name} does ${done} of at most ${budget} commands`));
}

function namesOf({ list }: RegisterTable): (offset: number) => string {
  const names = new Map(list.map(({ offset, name }) => [offset, name]));
  return (offset) => names.get(offset) ?? `0x${offset.toString(16)}`;
}

interface Port {
  readonly name: string;
  read32: (offset: number) => number;
  write32: (offset: number, value: number) => void;
}

function tracePort(port: Port, nameOf: (offset: number) => string, say: Say): void {
  const read = port.read32.bind(port);
  const write = port.write32.bind(port);
  port.read32 = (offset) => {
    const value = read(offset);
    say(`${port.name} reads ${nameOf(offset)} = 0x${value.toString(16)}`);
    return value;
  };
  port.write32 = (offset, value) => {
    say(`${port.name} writes ${nameOf(offset)} = 0x${(value >>> 0).toString(16)}`);
    write(offset, value);
  };
}

/** What the application leaves in the ring: the card raises no other interrupt for it. */
function traceRefusals({ name, environment }: SimMachine['cpu']['slots'][number], say: Say): void {
  const { deliver } = environment;
  Object.assign(environment, {
    deliver: (queue: number, burst: Burst): number => {
      const taken = deliver(queue, burst);
      if (taken < burst.segments)
        say(`${name} offers ${burst.segments} buffers of queue ${queue}, the application takes ${taken}`);
      return taken;
    },
  });
}

function traceVerifier(
  verifier: SimMachine['cpu']['checks'][number]['verifier'],
  what: string,
  say: Say,
): void {
  const frame = verifier.frame.bind(verifier);
  verifier.frame = (address, length, queue) => {
    const well = frame(address, length, queue);
    const { flow, sequence } = verifier.last;
    say(
      `${what} frame ${sequence} of flow ${flow}, ${length} bytes, queue ${queue}${well ? '' : ' (WRONG)'}`,
    );
    return well;
  };
}

/** Requests as they go to a driver, and as they come back. */
function traceClient({ slot, client }: SimMachine['cpu']['disks'][number], say: Say): void {
  const { name, environment } = slot;
  const { requests, memory } = environment;
  const step = client.step.bind(client);
  const completed = client.completed.bind(client);
  client.step = (driver, nowUs) =>
    step(
      {
        room: (queue) => driver.room(queue),
        submit: (queue, batch, count) => {
          const taken = driver.submit(queue, batch, count);
          for (let i = 0; i < taken; i++)
            say(`${name} takes request ${batch[i]}, ${requests.describe(batch[i])}, queue ${queue}`);
          return taken;
        },
      },
      nowUs,
    );
  client.completed = (queue, batch, count, nowUs) => {
    for (let i = 0; i < count; i++) {
      const status = memory.words[requests.at(batch[i]) + REQUEST.status]; // by `status` it would be a scheduling point
      say(
        `${name} completes request ${batch[i]}${status === 0 ? '' : ` with status 0x${status.toString(16)}`}`,
      );
    }
    completed(queue, batch, count, nowUs);
  };
}

function traceInterrupts({ fabric, cpu }: SimMachine, say: Say): void {
  const names = cpu.devices.map(({ name }) => name);
  const send = fabric.send.bind(fabric);
  fabric.send = (address, data) => {
    say(`${names[data >>> 4] ?? '?'} vector ${data & 15} is signalled`);
    return send(address, data);
  };
}

interface Worker {
  step: (nowUs: number, budget: number) => number;
}

function traceWork(worker: Worker, told: (done: number, budget: number) => void): void {
  const step = worker.step.bind(worker);
  worker.step = (nowUs, budget) => {
    const done = step(nowUs, budget);
    if (done > 0) told(done, budget);
    return done;
  };
}

function traceSteps(machine: SimMachine, say: Say): void {
  const { cpu } = machine;
  const phases = cpu.devices.map((): string | undefined => undefined);
  const step = cpu.step.bind(cpu);
  cpu.step = () => {
    say('CPU begins a step');
    const moved = step();
    cpu.devices.forEach((device: AnySlot, i) => {
      const phase = machine.phaseOf(i);
      if (phase !== phases[i] && phase !== undefined) say(`${device.name}: swap in ${phase}`);
      phases[i] = phase;
    });
    say(`CPU ends its step, ${moved} ${cpu.disks.length === 0 ? 'frames' : 'frames and requests'}`);
    return moved;
  };
}
