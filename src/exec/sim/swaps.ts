/** Asks for the swaps of a scenario when their time has come, and looks at what became of them. */
import type { Violation } from '../../check/ledger.ts';
import { Exchange } from '../../swap/exchange.ts';
import { PHASES, type Phase } from '../../swap/plan.ts';
import { phaseBeganUs, type SwapRecord } from '../../swap/record.ts';
import { OF_DISKS, type Situation } from './coverage.ts';
import type { SimMachine } from './machine.ts';
import { brokenPromise } from './promises.ts';

export class SimSwaps {
  private readonly machine: SimMachine;
  private next = 0;
  /** Records of swaps that ended with their CPU. */
  readonly lost: SwapRecord[] = [];
  /** The last swap of each device that was more than refused at once. */
  private latest: (Exchange | undefined)[] = [];

  constructor(machine: SimMachine) {
    this.machine = machine;
  }

  get allRequested(): boolean {
    return this.next >= this.machine.scenario.swaps.length;
  }

  due(): boolean {
    const swap = this.machine.scenario.swaps.at(this.next);
    if (swap === undefined || this.allRequested) return false;
    const { hardware, cpu } = this.machine;
    let begun = 0;
    for (const partner of hardware.partners) begun += partner.offeredFrames;
    for (const { client } of cpu.disks) begun += client.books.read('submitted');
    return begun >= swap.after;
  }

  /** Between two steps of the CPU, where it takes requests. */
  request(): void {
    const { scenario, mischief, cpu } = this.machine;
    mischief.requestSwaps();
    while (this.due()) {
      const swap = scenario.swaps[this.next++];
      mischief.lay(swap);
      const { name } = cpu.devices[swap.device];
      this.machine.note(`swap of ${name} to ${swap.to} (${swap.method}) is asked for`);
      cpu.desk.ask(swap.device, swap.to, swap.parameters, swap.method);
    }
  }

  underWay(device: number): Exchange | undefined {
    const { mediator } = this.machine.cpu.devices[device];
    if (!(mediator instanceof Exchange)) return undefined;
    this.latest[device] = mediator;
    return mediator.done ? undefined : mediator;
  }

  /** Counts what struck in it. Returns what it owes and has not done. */
  ended(record: SwapRecord): Violation | undefined {
    const { marks, mischief } = this.machine;
    const device = this.deviceOf(record);
    if (record.method === 'reset') for (const phase of passed(record)) marks[device].mark(phase, 'reset');
    this.enter(device, record, record.outcome);
    mischief.swapEnded(device);
    this.machine.note(
      `swap ${record.id} of ${record.device}: ${record.outcome} in ${record.phase} ${record.reason}`,
    );
    const exchange = this.latest[device];
    const message = exchange?.record === record ? brokenPromise(exchange) : undefined;
    return message === undefined ? undefined : { invariant: 'promise', device: record.device, message };
  }

  /** The CPU is gone, and with it all swaps that were under way. */
  cutOff(): void {
    const { cpuEnd, covered, marks } = this.machine;
    const { situations } = covered;
    for (const { index } of this.machine.cpu.devices) {
      const exchange = this.underWay(index);
      if (exchange === undefined) continue;
      this.enter(index, exchange.record, 'cutOff');
      this.lost.push(exchange.record);
      const situation: Situation = cpuEnd.cause === 'crash' ? 'crash in a swap' : 'power cut in a swap';
      situations[situation] = (situations[situation] ?? 0) + 1;
    }
    this.latest = [];
    for (const each of marks) each.clear();
  }

  /** Those that do not end although nothing else is to be done. */
  unending(): Violation[] {
    return this.machine.cpu.devices.flatMap(({ name, index }): Violation[] => {
      const record = this.underWay(index)?.record;
      if (record === undefined) return [];
      const message = `swap ${record.id}, ${record.from} to ${record.to}, does not come to the end of its ${record.phase}`;
      return [{ invariant: 'driver', device: name, message }];
    });
  }

  private enter(device: number, record: SwapRecord, outcome: SwapRecord['outcome'] | 'cutOff'): void {
    const { marks, covered, layout } = this.machine;
    marks[device].enter(covered, record, layout.cards[device]?.app ?? OF_DISKS, outcome);
    marks[device].clear();
  }

  private deviceOf({ device }: SwapRecord): number {
    return this.machine.cpu.devices.findIndex(({ name }) => name === device);
  }
}

function passed(record: SwapRecord): Phase[] {
  return PHASES.filter((phase) => phaseBeganUs(record, phase) !== undefined);
}
