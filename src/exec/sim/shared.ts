/**
 * Takes the place of `src/hw/shared.ts` in a simulation: the same accesses, each a scheduling point. Another
 * actor may step, or the one that makes it may be interrupted by a fault, just before the access.
 */
import type { Memory } from '../../hw/memory.ts';
import { POINTS } from './points.ts';

export type Words = Int32Array;

export function put(words: Words, index: number, value: number): void {
  POINTS.passWrite(index);
  words[index] = value;
}

export function load(words: Words, index: number): number {
  POINTS.pass(index);
  return words[index];
}

export function store(words: Words, index: number, value: number): void {
  POINTS.passWrite(index);
  words[index] = value;
}

export function add(words: Words, index: number, value: number): number {
  POINTS.passWrite(index);
  const before = words[index];
  words[index] = before + value;
  return before;
}

export function or(words: Words, index: number, bits: number): number {
  POINTS.passWrite(index);
  const before = words[index];
  words[index] = before | bits;
  return before;
}

export function and(words: Words, index: number, bits: number): number {
  POINTS.passWrite(index);
  const before = words[index];
  words[index] = before & bits;
  return before;
}

export function exchange(words: Words, index: number, value: number): number {
  POINTS.passWrite(index);
  const before = words[index];
  words[index] = value;
  return before;
}

export function compareExchange(words: Words, index: number, expected: number, value: number): number {
  POINTS.passWrite(index);
  const before = words[index];
  if (before === expected) words[index] = value;
  return before;
}

/** Nobody blocks here: a sleeping CPU is one that is not stepped. */
export function wait(): boolean {
  throw new Error('an actor of a simulation must not block');
}

export function notify(_: Words, index: number): void {
  POINTS.pass(index);
}

export function count(words: Words, low: number, amount: number): void {
  const before = words[low] >>> 0;
  const after = (before + amount) >>> 0;
  store(words, low, after);
  if (after < before) store(words, low + 1, words[low + 1] + 1);
}

export function counted(words: Words, low: number): number {
  return (load(words, low + 1) >>> 0) * 4294967296 + (load(words, low) >>> 0);
}

/** A frame's bytes are one access: who looks in the middle of a DMA sees what no descriptor tells of. */
export function copy(memory: Memory, to: number, from: number, bytes: number): void {
  POINTS.passWrite(to >>> 2);
  memory.bytes.copyWithin(to, from, from + bytes);
}
