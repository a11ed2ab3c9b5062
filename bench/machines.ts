/** Machines to be measured, from scenarios: one frame in 256 compared whole. */
import type { MachineLayout } from '../src/host/machine.ts';
import type { Memory } from '../src/hw/memory.ts';
import { openApplications } from '../src/testbed/applications.ts';
import { buildMachine } from '../src/testbed/build.ts';
import { openDrivers } from '../src/testbed/drivers.ts';
import { type ResolvedRun, resolveRun } from '../src/testbed/resolve.ts';
import type { Scenario } from '../src/testbed/scenario.ts';
import { MACSWAP } from './drain/macswap.ts';
import { WHOLE_ONE_IN } from './ledger.ts';
import { TIMED_SINK } from './live/timed-sink.ts';

export interface Built {
  readonly memory: Memory;
  readonly layout: MachineLayout;
}

const SEED = 4;

export async function resolvedFor(scenario: Scenario): Promise<Built & { readonly run: ResolvedRun }> {
  const books = { drivers: await openDrivers(scenario), applications: await openApplications(scenario) };
  const run = resolveRun({ seed: SEED, ...scenario }, books);
  const { memory, layout } = buildMachine(run, scenario, WHOLE_ONE_IN);
  return { run, memory, layout };
}

export async function machineFor(scenario: Scenario): Promise<Built> {
  const { memory, layout } = await resolvedFor(scenario);
  return { memory, layout };
}

/** The last card's application also counts how long frames were on their way. */
export async function timed(scenario: Scenario): Promise<Built> {
  const { memory, layout } = await machineFor(scenario);
  const last = layout.cards.length - 1;
  const cards = layout.cards.map((card) => (card.index === last ? { ...card, app: TIMED_SINK } : card));
  return { memory, layout: { ...layout, cards } };
}

/** Frames come in by the first card and leave by the second, addresses exchanged; nothing comes in by that one. */
export async function forwarding(scenario: Scenario): Promise<Built> {
  const { memory, layout } = await machineFor({
    ...scenario,
    app: 'forward',
    nics: [{ name: 'eth0' }, { name: 'eth1' }],
  });
  const [first, second] = layout.cards;
  const cards = [
    { ...first, app: MACSWAP.name, mirrored: true },
    { ...second, frames: 0 },
  ];
  return { memory, layout: { ...layout, cards } };
}
