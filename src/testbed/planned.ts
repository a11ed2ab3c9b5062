/** The dry run: what each swap of a scenario would do, as far as it can be told before it happens. */
import type { NicDriverDefinition } from '../drivers/contract.ts';
import { NIC_DRIVERS } from '../drivers/index.ts';
import { ParameterError, type Parameters } from '../drivers/parameters.ts';
import { type Method, type Plan, planSwap, type QueueView, Refusal } from '../swap/plan.ts';
import { RoundRobin } from '../swap/timetable.ts';
import { describeSteps } from '../swap/wording.ts';
import type { DriverBook } from './drivers.ts';
import type { ResolvedCard, ResolvedRun } from './resolve.ts';

export interface PlannedSwap {
  readonly nic: string;
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

/** Swaps at their times in order, then one round through all pairs for each card. */
export function planRun(run: ResolvedRun, drivers: DriverBook): PlannedSwap[] {
  const cards = run.cards.map(fresh);
  const timed = [...run.timed].sort((a, b) => a.atUs - b.atUs);
  const planned = timed.map((swap) =>
    planOne(cards[swap.slot], drivers.find(swap.to, 'plan'), swap.parameters, swap.method),
  );
  const { round } = run;
  if (round === undefined) return planned;
  for (const card of cards) {
    const names = NIC_DRIVERS.map((definition) => definition.name);
    const first = card.definition.name;
    const turns = new RoundRobin(round, [first, ...names.filter((name) => name !== first)]);
    for (let i = 0; i < names.length ** 2; i++) {
      const swap = turns.next();
      planned.push(planOne(card, drivers.find(swap.to, 'plan'), swap.parameters, swap.method));
    }
  }
  return planned;
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
  const { queues, name: nic } = card.card;
  const head = { nic, from: from.name, to: to.name, method };
  try {
    const situation = { from, fromParameters, to, given, method, queues, rings };
    const plan = planSwap(situation);
    advance(card, to, plan);
    return {
      ...head,
      steps: describeSteps(situation, plan).map(({ phase, text, undo }) => ({ phase, text, undo })),
      notes: plan.notes,
    };
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
