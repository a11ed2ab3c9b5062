/** What happened in a scenario, line by line: the same text for the same seed, everywhere. */
import type { Burst } from '../../drivers/burst.ts';
import { NIC_REGISTERS } from '../../hw/nic/datasheet.ts';
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

const NAMES = new Map(NIC_REGISTERS.list.map(({ offset, name }) => [offset, name]));

function nameOf(offset: number): string {
  return NAMES.get(offset) ?? `0x${offset.toString(16)}`;
}

/** Register accesses, frames, interrupts and phases of swaps are written down as they come. */
export function traceMachine(machine: SimMachine, trace: Trace): void {
  const { clock } = machine;
  const say = (text: string): void => trace.line(clock.us, text);
  machine.cpu.slots.forEach((slot, card) => {
    tracePort(slot, say);
    traceRefusals(slot, say);
    traceVerifier(machine.cpu.checks[card].verifier, `${slot.name} delivers`, say);
    const returned = machine.hardware.verifiers[card];
    if (returned !== undefined) traceVerifier(returned, `${slot.name} has sent`, say);
  });
  traceInterrupts(machine, say);
  traceSteps(machine, say);
}

type Say = (text: string) => void;

function tracePort(slot: SimMachine['cpu']['slots'][number], say: Say): void {
  const { port } = slot.environment;
  const read = port.read32.bind(port);
  const write = port.write32.bind(port);
  port.read32 = (offset) => {
    const value = read(offset);
    say(`${slot.name} reads ${nameOf(offset)} = 0x${value.toString(16)}`);
    return value;
  };
  port.write32 = (offset, value) => {
    say(`${slot.name} writes ${nameOf(offset)} = 0x${(value >>> 0).toString(16)}`);
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

function traceInterrupts({ fabric, layout }: SimMachine, say: Say): void {
  const send = fabric.send.bind(fabric);
  fabric.send = (address, data) => {
    say(`${layout.cards[data >>> 4]?.name ?? '?'} vector ${data & 15} is signalled`);
    return send(address, data);
  };
}

function traceSteps(machine: SimMachine, say: Say): void {
  const { cpu, hardware, layout } = machine;
  const phases = layout.cards.map((): string | undefined => undefined);
  const step = cpu.step.bind(cpu);
  cpu.step = () => {
    say('CPU begins a step');
    const frames = step();
    layout.cards.forEach(({ name }, card) => {
      const phase = machine.phaseOf(card);
      if (phase !== phases[card] && phase !== undefined) say(`${name}: swap in ${phase}`);
      phases[card] = phase;
    });
    say(`CPU ends its step, ${frames} frames`);
    return frames;
  };
  hardware.nics.forEach((nic) => {
    const work = nic.step.bind(nic);
    nic.step = (nowUs, budget) => {
      const done = work(nowUs, budget);
      if (done > 0) say(`${nic.name} moves ${done} of at most ${budget} frames each way`);
      return done;
    };
  });
  hardware.partners.forEach((partner, card) => {
    const offer = partner.step.bind(partner);
    partner.step = (nowUs, budget) => {
      const offered = offer(nowUs, budget);
      if (offered > 0) say(`link of ${layout.cards[card].name} offers ${offered} frames`);
      return offered;
    };
  });
}
