/** How each kind of step is done, and undone. */

import { SlotWalk } from '../drivers/nic/slot-walk.ts';
import { coldStart, drain, endDrain, restart, tearDown } from './controls.ts';
import type { Exchange } from './exchange.ts';
import { dropNewRings, makeNewRings, moveNextQueue } from './move.ts';
import type { Step, StepKind } from './plan.ts';
import { each, reasonOf, SERVE, type Slices } from './slices.ts';
import { keepBuffers } from './trim.ts';
import type { Understudy } from './understudy.ts';
import { isWarm, warmUp } from './warm.ts';

export interface Action {
  run(exchange: Exchange): Slices | void;
  undo?(exchange: Exchange): Slices | void;
}

/** Buffers made and mapped in one slice; slots walked. */
const BUFFERS_PER_SLICE = 16;
const SLOTS_PER_SLICE = 1024;

const ACTIONS: Readonly<Record<StepKind, Action>> = {
  agree: { run: agree },
  create: { run: create },
  reserve: { run: reserve, undo: ({ slot, host, old }) => keepBuffers(slot, host, old.keptBuffers) },
  makeRings: { run: makeNewRings, undo: dropNewRings },
  warm: { run: warm },
  drain: { run: drain, undo: endDrain },
  quiesce: { run: ({ old }) => old.driver.quiesce(), undo: ({ old }) => old.driver.activate() },
  export: { run: exportState, undo: ({ slot }) => slot.environment.state.restore(slot.snapshot) },
  validate: { run: ({ slot }) => slot.environment.state.validate(slot.environment.port.device) },
  import: { run: importState },
  tearDown: { run: tearDown, undo: restart },
  coldStart: { run: coldStart },
  point: { run: point, undo: handBack },
  activate: { run: ({ slot }) => slot.driver.activate() },
  watch: { run: watch },
  moveQueues: { run: moveNextQueue, undo: dropNewRings },
  release: { run: release },
  trim: { run: trim },
};

/** Looked up once for each list of steps, of which there are few: not in the pause. */
const KNOWN = new WeakMap<readonly Step[], readonly Action[]>();

export function actionsOf(steps: readonly Step[]): readonly Action[] {
  const known = KNOWN.get(steps);
  if (known !== undefined) return known;
  const actions = steps.map(({ kind }) => ACTIONS[kind]);
  KNOWN.set(steps, actions);
  return actions;
}

/** What is undone when a queue's move fails, of a driver that has proved itself: it hands over what it then has. */
export const UNDONE_LATE: ReadonlySet<StepKind> = new Set<StepKind>(['quiesce', 'point', 'moveQueues']);

/** The plan could not have been made otherwise; making it was a slice's work. */
function* agree(): Slices {
  yield SERVE;
}

function* create(exchange: Exchange): Slices {
  const { slot, request, plan } = exchange;
  exchange.next = request.to.create(slot.environment, plan.parameters);
  yield SERVE;
}

/** What this card may need meanwhile is written down first, so that other cards leave it alone. */
function reserve({ slot, host, plan }: Exchange): Slices | void {
  const { pool } = slot.environment;
  slot.buffers = Math.max(plan.buffersDuring, slot.buffers);
  const wanted = host.buffersOfOthers(slot) + slot.buffers;
  if (!pool.holds(wanted)) return each(pool.grow(wanted, BUFFERS_PER_SLICE), SERVE);
}

function warm(exchange: Exchange): Slices | void {
  const { request, plan, host, slot } = exchange;
  if (!isWarm(request.to)) return each(warmUp(request.to, plan.parameters, slot.environment.clock), SERVE);
  // Before a drain or a reset it would be forgotten again by the time the pause comes.
  if (host.understudy !== undefined && request.method === 'inplace')
    return playThrough(exchange, host.understudy);
}

/** In a slice of its own: whoever waits is served once more before the pause. */
function* playThrough({ slot, request }: Exchange, understudy: Understudy): Slices {
  const { state, port } = slot.environment;
  understudy.play(slot.definition, request.to);
  state.save(slot.snapshot); // what the pause reads of this card, it finds in the cache
  state.validate(port.device);
  yield SERVE;
}

/** In the pause: what is copied is a few dozen words for each queue. */
function exportState({ slot, old, plan }: Exchange): void {
  slot.environment.state.save(slot.snapshot);
  old.driver.exportState(plan.format);
}

function importState({ driverToCome, plan }: Exchange): void {
  driverToCome.importState(plan.format);
}

function point(exchange: Exchange): void {
  const { slot, request, plan, driverToCome } = exchange;
  slot.driver = driverToCome;
  slot.definition = request.to;
  slot.parameters = plan.parameters;
  exchange.serveNew(true);
  exchange.probation.begin();
}

/** The old driver takes the rings back as they are now; the new one's service up to here stands. */
export function handBack(exchange: Exchange): void {
  const { slot, old, plan, record, driverToCome } = exchange;
  const { state, port } = slot.environment;
  exchange.serveNew(false);
  for (const end of [() => driverToCome.quiesce(), () => driverToCome.exportState(plan.format)])
    try {
      end();
    } catch (error) {
      record.notes.push(`${record.to} on its way out: ${reasonOf(error)}`);
    }
  state.validate(port.device);
  old.driver.importState(plan.format);
  slot.driver = old.driver;
  slot.definition = old.definition;
  slot.parameters = old.parameters;
  state.save(slot.snapshot); // the undo of `export` finds what is true now
}

/** Slots are walked while the new driver shows what it can: it passes when both are done. */
function* watch(exchange: Exchange): Slices {
  const { probation } = exchange;
  const { state, pool } = exchange.slot.environment;
  const walk = new SlotWalk(state, pool);
  let walked = false;
  while (!walked || !probation.passed()) {
    yield SERVE;
    if (!walked) walked = walk.advance(SLOTS_PER_SLICE);
    exchange.waitForVerdict(walked);
  }
  exchange.prove();
}

/** The swap is done: a driver that fails on its way out is named, no more. */
function release({ old, record }: Exchange): void {
  try {
    old.driver.release();
  } catch (error) {
    record.notes.push(`${record.from} failed in release: ${reasonOf(error)}`);
  }
}

function trim({ slot, host, plan }: Exchange): Slices | void {
  return keepBuffers(slot, host, plan.buffersAfter);
}
