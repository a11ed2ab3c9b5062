/**
 * A queue of a disk gets a queue pair of another depth, with commands in flight. The new pair is made while preparing, by admin
 * commands, and takes nothing at first. When the new driver has proved itself, requests go to the new pair; what the old
 * one has is completed there, and then it is deleted.
 */

import { createPair, deleteCompletionQueue, deleteSubmissionQueue } from '../drivers/nvme/bring-up.ts';
import type { DiskEnvironment } from '../drivers/nvme/contract.ts';
import { PAIR } from '../drivers/nvme/state.ts';
import { lowestBit } from '../drivers/state-block.ts';
import { store } from '../hw/shared.ts';
import type { DiskTypes } from './disk-kind.ts';
import type { Exchange } from './exchange.ts';
import { Refusal } from './plan.ts';
import { each, SERVE, type Slices } from './slices.ts';
import type { Slot } from './slot.ts';

/** Vectors that a CPU has lines for: queue pairs have one each. */
const MOST_PAIRS = 15;

export function* makeNewPairs({ slot, plan, newRings }: Exchange<DiskTypes>): Slices {
  const { environment } = slot;
  for (const logical of plan.moves) {
    const queue = sparePair(environment);
    yield* each(createPair(environment, queue, logical, plan.newSlots, true), SERVE); // until it is its turn
    newRings.push(queue);
    yield SERVE;
  }
}

export function* dropNewPairs({ slot, newRings }: Exchange<DiskTypes>): Slices {
  for (let queue = newRings.pop(); queue !== undefined; queue = newRings.pop()) {
    yield* deletePair(slot.environment, queue);
    slot.driver.queuesChanged(); // it may have been handed back with this pair
  }
}

/** The next of the plan's moves. */
export function* moveNextPair({ slot, newRings }: Exchange<DiskTypes>): Slices {
  const queue = newRings.shift();
  if (queue === undefined) return;
  const { environment } = slot;
  const { state, memory } = environment;
  const old = servingPair(environment, memory.words[state.pair(queue) + PAIR.logical]);
  setRetiring(environment, old, true); // first: who finds no pair that serves takes either of them
  setRetiring(environment, queue, false);
  slot.driver.queuesChanged();
  yield* retirePair(slot, old);
}

function* retirePair({ environment, driver }: Slot<DiskTypes>, queue: number): Slices {
  while (commandsOf(environment, queue) > 0) yield SERVE;
  yield* deletePair(environment, queue);
  driver.queuesChanged();
}

/** Of a disk whose CPU is no more: pairs that were to go do so when their commands are done. The driver serves meanwhile. */
export function* retirePairs(slot: Slot<DiskTypes>): Slices {
  const { state, memory } = slot.environment;
  for (let left = state.active; left !== 0; left &= left - 1) {
    const queue = lowestBit(left);
    if (memory.words[state.pair(queue) + PAIR.retiring] !== 0) yield* retirePair(slot, queue);
  }
}

/** Before its block is looked at: its CPU ended between two stores, and no pair takes commands of a queue. One that has some does. */
export function serveAll(environment: DiskEnvironment): void {
  const { state, memory } = environment;
  const { words } = memory;
  for (let logical = 0; logical < environment.queues; logical++) {
    let chosen: number | undefined;
    let serves = false;
    for (let left = state.active; left !== 0; left &= left - 1) {
      const queue = lowestBit(left);
      if (words[state.pair(queue) + PAIR.logical] !== logical) continue;
      if (words[state.pair(queue) + PAIR.retiring] === 0) serves = true;
      else if (chosen === undefined || commandsOf(environment, queue) > 0) chosen = queue;
    }
    if (!serves && chosen !== undefined) setRetiring(environment, chosen, false);
  }
}

/** Commands of all queue pairs that are outstanding, told to the disk or not. */
export function outstandingCommands(environment: DiskEnvironment): number {
  let commands = 0;
  for (let left = environment.state.active; left !== 0; left &= left - 1)
    commands += commandsOf(environment, lowestBit(left));
  return commands;
}

function commandsOf({ state, memory: { words } }: DiskEnvironment, queue: number): number {
  const record = state.pair(queue);
  return (words[record + PAIR.tail] - words[record + PAIR.head]) | 0;
}

function* deletePair(environment: DiskEnvironment, queue: number): Slices {
  yield* each(deleteSubmissionQueue(environment, queue), SERVE);
  yield* each(deleteCompletionQueue(environment, queue), SERVE);
}

function setRetiring({ state, memory }: DiskEnvironment, queue: number, retiring: boolean): void {
  store(memory.words, state.pair(queue) + PAIR.retiring, retiring ? 1 : 0);
}

function servingPair({ state, memory: { words } }: DiskEnvironment, logical: number): number {
  for (let left = state.active; left !== 0; left &= left - 1) {
    const record = state.pair(lowestBit(left));
    if (words[record + PAIR.logical] === logical && words[record + PAIR.retiring] === 0)
      return lowestBit(left);
  }
  throw new Error(`no queue pair serves queue ${logical}`);
}

function sparePair({ state }: DiskEnvironment): number {
  for (let queue = 1; queue <= MOST_PAIRS; queue++) if ((state.active & (1 << queue)) === 0) return queue;
  throw new Refusal('no spare queue pair');
}
