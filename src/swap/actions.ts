/** How each kind of step is done, and undone. */

import { coldStart, drain, endDrain, restart, tearDown } from './controls.ts';
import type { Exchange } from './exchange.ts';
import { dropNewRings, makeNewRings, moveNextQueue } from './move.ts';
import type { StepKind } from './plan.ts';
import { reasonOf, SERVE, type Slices } from './slices.ts';
import { keepBuffers } from './trim.ts';
import { isWarm, warmUp } from './warm.ts';

interface Action {
  run(exchange: Exchange): Slices | void;
  undo?(exchange: Exchange): Slices | void;
}

/** Buffers made and mapped in one slice. */
const BUFFERS_PER_SLICE = 64;

export const ACTIONS: Readonly<Record<StepKind, Action>> = {
  agree: { run: agree },
  create: { run: create },
  reserve: { run: reserve, undo: ({ slot, host, old }) => keepBuffers(slot, host, old.keptBuffers) },
  makeRings: { run: makeNewRings, undo: dropNewRings },
  warm: { run: warm },
  drain: { run: drain, undo: endDrain },
  quiesce: { run: ({ old }) => old.driver.quiesce(), undo: ({ old }) => old.driver.activate() },
  export: { run: exportState, undo: ({ slot, snapshot }) => slot.environment.state.restore(snapshot) },
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

/** The plan could not have been made otherwise; making it was a slice's work. */
function* agree(): Slices {
  yield SERVE;
}

function create(exchange: Exchange): void {
  const { slot, request, plan } = exchange;
  exchange.next = request.to.create(slot.environment, plan.parameters);
}

/** What this card may need meanwhile is written down first, so that other cards leave it alone. */
function* reserve({ slot, host, plan }: Exchange): Slices {
  slot.buffers = Math.max(plan.buffersDuring, slot.buffers);
  const wanted = host.buffersOfOthers(slot) + slot.buffers;
  for (const _ of slot.environment.pool.grow(wanted, BUFFERS_PER_SLICE)) yield SERVE;
}

function* warm({ request, plan }: Exchange): Slices {
  if (isWarm(request.to)) return;
  for (const _ of warmUp(request.to, plan.parameters)) yield SERVE;
}

/** In the pause: what is copied is a few dozen words for each queue. */
function exportState({ slot, old, plan, snapshot }: Exchange): void {
  slot.environment.state.save(snapshot);
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
  state.save(exchange.snapshot); // the undo of `export` finds what is true now
}

function* watch({ slot, probation }: Exchange): Slices {
  const { state, pool } = slot.environment;
  yield SERVE;
  state.validateSlots(pool);
  while (!probation.passed()) yield SERVE;
}

/** The swap is done: a driver that fails on its way out is named, no more. */
function release({ old, record }: Exchange): void {
  try {
    old.driver.release();
  } catch (error) {
    record.notes.push(`${record.from} failed in release: ${reasonOf(error)}`);
  }
}

function* trim({ slot, host, plan }: Exchange): Slices {
  keepBuffers(slot, host, plan.buffersAfter);
  yield SERVE;
}
