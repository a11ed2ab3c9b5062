/** What swaps of network cards have beyond those of other devices: packet buffers, rings of other lengths, scratch cards. */
import type { NicEnvironment } from '../drivers/contract.ts';
import { SlotWalk } from '../drivers/nic/slot-walk.ts';
import { STATE_BYTES, TX } from '../drivers/nic/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import { tdh } from '../hw/nic/datasheet.ts';
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
  idle,
  walk: ({ state, pool }) => new SlotWalk(state, pool),
};

/** No frame has come that nobody took, and none is to leave that has not left. */
function idle({ state, memory, port }: NicEnvironment): boolean {
  const { words } = memory;
  if (state.workWaits()) return false;
  for (let left = state.sending; left !== 0; left &= left - 1) {
    const queue = lowestBit(left);
    const record = state.tx(queue);
    const posted = words[record + TX.posted];
    const head = port.read32(tdh(queue));
    if (posted !== words[record + TX.filled] || head !== (posted & (words[record + TX.slots] - 1)))
      return false;
  }
  return true;
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

function trim({ slot, host, plan }: Exchange): Slices | void {
  return keepBuffers(slot, host, plan.buffersAfter);
}
