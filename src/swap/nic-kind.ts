/** What swaps of network cards have beyond those of other devices: packet buffers, rings of other lengths, scratch cards. */
import { SlotWalk } from '../drivers/nic/slot-walk.ts';
import { STATE_BYTES } from '../drivers/nic/state.ts';
import { COMMON_ACTIONS } from './common-actions.ts';
import { coldStart, drain, endDrain, restart, tearDown } from './controls.ts';
import type { DeviceKind, NicTypes } from './device.ts';
import type { Exchange } from './exchange.ts';
import { dropNewRings, makeNewRings, moveNextQueue } from './move.ts';
import { planSwap } from './plan.ts';
import { PlanMemory } from './plan-memory.ts';
import { sameRings, situationOf } from './situation.ts';
import { each, SERVE, type Slices } from './slices.ts';
import { keepBuffers } from './trim.ts';
import { playThrough } from './understudy.ts';
import { isWarm, warmUp } from './warm.ts';

/** Buffers made and mapped in one slice. */
const BUFFERS_PER_SLICE = 16;

const PLANS = new PlanMemory(planSwap, sameRings);

export const NIC_KIND: DeviceKind<NicTypes> = {
  stateBytes: STATE_BYTES,
  actions: {
    ...COMMON_ACTIONS,
    reserve: { run: reserve, undo: ({ slot, host, old }) => keepBuffers(slot, host, old.keptBuffers) },
    makeRings: { run: makeNewRings, undo: dropNewRings },
    warm: { run: warm },
    drain: { run: drain, undo: endDrain },
    tearDown: { run: tearDown, undo: restart },
    coldStart: { run: coldStart },
    moveQueues: { run: moveNextQueue, undo: dropNewRings },
    trim: { run: trim },
  },
  create: (definition, environment, parameters) => definition.create(environment, parameters),
  plan: (slot, request) => PLANS.planFor(situationOf(slot, request)),
  walk: ({ state, pool }) => new SlotWalk(state, pool),
};

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

function trim({ slot, host, plan }: Exchange): Slices | void {
  return keepBuffers(slot, host, plan.buffersAfter);
}
