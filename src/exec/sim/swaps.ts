/** Asks for the swaps of a scenario when their time has come, and looks at what became of them. */
import type { Violation } from '../../check/ledger.ts';
import { Exchange } from '../../swap/exchange.ts';
import { PHASES, type Phase } from '../../swap/plan.ts';
import { phaseBeganUs, type SwapRecord } from '../../swap/record.ts';
import type { SimMachine } from './machine.ts';
import { brokenPromise } from './promises.ts';

export class SimSwaps {
  private readonly machine: SimMachine;
  private next = 0;
  /** The last swap of each card that was more than refused at once. */
  private readonly latest: (Exchange | undefined)[] = [];

  constructor(machine: SimMachine) {
    this.machine = machine;
  }

  get allRequested(): boolean {
    return this.next >= this.machine.scenario.swaps.length;
  }

  due(): boolean {
    const swap = this.machine.scenario.swaps.at(this.next);
    if (swap === undefined || this.allRequested) return false;
    let offered = 0;
    for (const partner of this.machine.hardware.partners) offered += partner.offeredFrames;
    return offered >= swap.afterFrames;
  }

  /** Between two steps of the CPU, where it takes requests. */
  request(): void {
    const { scenario, layout, mischief, cpu } = this.machine;
    mischief.requestSwaps();
    while (this.due()) {
      const swap = scenario.swaps[this.next++];
      mischief.lay(swap);
      this.machine.note(
        `swap of ${layout.cards[swap.card].name} to ${swap.to} (${swap.method}) is asked for`,
      );
      cpu.desk.ask(swap.card, swap.to, swap.parameters, swap.method);
    }
  }

  underWay(card: number): Exchange | undefined {
    const { mediator } = this.machine.cpu.slots[card];
    if (!(mediator instanceof Exchange)) return undefined;
    this.latest[card] = mediator;
    return mediator.done ? undefined : mediator;
  }

  /** Counts what struck in it. Returns what it owes and has not done. */
  ended(record: SwapRecord): Violation | undefined {
    const { layout, marks, covered, mischief } = this.machine;
    const card = layout.cards.findIndex(({ name }) => name === record.device);
    if (record.method === 'reset') for (const phase of passed(record)) marks[card].mark(phase, 'reset');
    marks[card].enter(covered, record, layout.cards[card].app);
    marks[card].clear();
    mischief.swapEnded(card);
    this.machine.note(
      `swap ${record.id} of ${record.device}: ${record.outcome} in ${record.phase} ${record.reason}`,
    );
    const exchange = this.latest[card];
    const message = exchange?.record === record ? brokenPromise(exchange) : undefined;
    return message === undefined ? undefined : { invariant: 'promise', device: record.device, message };
  }

  /** Those that do not end although nothing else is to be done. */
  unending(): Violation[] {
    return this.machine.layout.cards.flatMap(({ name }, card): Violation[] => {
      const record = this.underWay(card)?.record;
      if (record === undefined) return [];
      const message = `swap ${record.id}, ${record.from} to ${record.to}, does not come to the end of its ${record.phase}`;
      return [{ invariant: 'driver', device: name, message }];
    });
  }
}

function passed(record: SwapRecord): Phase[] {
  return PHASES.filter((phase) => phaseBeganUs(record, phase) !== undefined);
}
