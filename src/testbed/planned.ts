/** The dry run: what each swap of a scenario would do, as far as it can be told before it happens. */
import type { NicDriverDefinition } from '../drivers/contract.ts';
import type { DiskDriverDefinition } from '../drivers/nvme/contract.ts';
import { ParameterError, type Parameters } from '../drivers/parameters.ts';
import { planDiskSwap } from '../swap/disk-plan.ts';
import { type Method, type Plan, planSwap, type QueueView, Refusal } from '../swap/plan.ts';
import { ownRound, RoundRobin } from '../swap/timetable.ts';
import { describeDiskSteps, describeSteps, type StepText } from '../swap/wording.ts';
import type { DriverBook } from './drivers.ts';
import type { ResolvedCard, ResolvedRun } from './resolve.ts';
import type { ResolvedDisk } from './resolve-disk.ts';

export interface PlannedSwap {
  readonly device: string;
  readonly from: string;
  readonly to: string;
  readonly method: Method;
  readonly steps: readonly {
    readonly phase: string;
    readonly text: string;
    readonly undo: string | undefined;
  }[];
  readonly notes: readonly string[];
  readonly refused?: string;
}

/** A card as the swaps before have left it. */
interface Card {
  readonly card: ResolvedCard;
  definition: NicDriverDefinition;
  parameters: Parameters;
  rings: QueueView[];
}

/** A disk as the swaps before have left it. */
interface Disk {
  readonly disk: ResolvedDisk;
  definition: DiskDriverDefinition;
  parameters: Parameters;
}

/** What is to be planned for one device, by whom. */
type Planner = (to: string, given: Parameters, method: Method) => PlannedSwap;

/** Swaps at their times in order, then one round through all pairs for each device. */
export function planRun(run: ResolvedRun, drivers: DriverBook): PlannedSwap[] {
  const cards = run.cards.map(fresh);
  const disks = run.disks.map(
    (disk): Disk => ({ disk, definition: disk.definition, parameters: disk.parameters }),
  );
  const planners: Planner[] = [
    ...cards.map(
      (card): Planner =>
        (to, ...rest) =>
          planOne(card, drivers.ofCard(to, 'plan'), ...rest),
    ),
    ...disks.map(
      (disk): Planner =>
        (to, ...rest) =>
          planDisk(disk, drivers.ofDisk(to, 'plan'), ...rest),
    ),
  ];
  const timed = [...run.timed].sort((a, b) => a.atUs - b.atUs);
  const planned = timed.map((swap) => {
    const plan = planners[swap.slot](swap.to, swap.parameters, swap.method);
    return swap.handsOver === true && plan.refused === undefined ? handedOver(plan) : plan;
  });
  const { round } = run;
  if (round === undefined) return planned;
  [...cards, ...disks].forEach(({ definition: { name: first, device } }, i) => {
    const all = drivers.all(device);
    const names = all.map(({ name }) => name);
    const turns = new RoundRobin(ownRound(round, all), [first, ...names.filter((name) => name !== first)]);
    for (let turn = 0; turn < names.length ** 2; turn++) {
      const { to, parameters, method } = turns.next();
      planned.push(planners[i](to, parameters, method));
    }
  });
  return planned;
}

function handedOver(plan: PlannedSwap): PlannedSwap {
  const notes = [...plan.notes, 'then all devices are handed over to the CPU that stands by, if it is done'];
  return { ...plan, notes };
}

function planDisk(disk: Disk, to: DiskDriverDefinition, given: Parameters, method: Method): PlannedSwap {
  const { definition: from, parameters: fromParameters } = disk;
  return attempt({ device: disk.disk.name, from: from.name, to: to.name, method }, () => {
    const plan = planDiskSwap({ from, fromParameters, to, given, method, queues: disk.disk.queues });
    disk.definition = to;
    disk.parameters = plan.parameters;
    return { steps: describeDiskSteps(from.name, to.name, plan), notes: plan.notes };
  });
}

function fresh(card: ResolvedCard): Card {
  const rings = Array.from({ length: card.queues }, (_, queue) => ({
    queue,
    slots: card.parameters.rxRing,
    posted: Math.min(card.parameters.rxBuffers, card.parameters.rxRing - 1),
    steered: true,
  }));
  return { card, definition: card.definition, parameters: card.parameters, rings };
}

function planOne(card: Card, to: NicDriverDefinition, given: Parameters, method: Method): PlannedSwap {
  const { definition: from, parameters: fromParameters, rings } = card;
  const { queues, name: device } = card.card;
  return attempt({ device, from: from.name, to: to.name, method }, () => {
    const situation = { from, fromParameters, to, given, method, queues, rings };
    const plan = planSwap(situation);
    advance(card, to, plan);
    return { steps: describeSteps(situation, plan), notes: plan.notes };
  });
}

function attempt(
  head: Pick<PlannedSwap, 'device' | 'from' | 'to' | 'method'>,
  plan: () => { readonly steps: readonly StepText[]; readonly notes: readonly string[] },
): PlannedSwap {
  try {
    const { steps, notes } = plan();
    return { ...head, steps: steps.map(({ phase, text, undo }) => ({ phase, text, undo })), notes };
  } catch (error) {
    if (error instanceof Refusal || error instanceof ParameterError)
      return { ...head, steps: [], notes: [], refused: error.message };
    throw error;
  }
}

function advance(card: Card, to: NicDriverDefinition, plan: Plan): void {
  card.definition = to;
  card.parameters = plan.parameters;
  if (plan.method === 'reset') card.rings = fresh({ ...card.card, parameters: plan.parameters }).rings;
  for (const from of plan.moves) {
    const spare =
      [1, 2, 3, 4, 5, 6, 7].find((queue) => card.rings.every((ring) => ring.queue !== queue)) ?? 0;
    card.rings = card.rings
      .filter((ring) => ring.queue !== from || from === 0)
      .map((ring) => (ring.queue === from ? { ...ring, steered: false } : ring));
    card.rings.push({ queue: spare, slots: plan.newSlots, posted: 0, steered: true });
  }
}
