/** What is told of a machine while it runs. */
import { ReadableStream, type ReadableStreamDefaultController } from 'node:stream/web';
import type { Handover } from '../exec/threads/messages.ts';
import type { Relief } from '../exec/threads/relief.ts';
import { PHASES } from '../swap/plan.ts';
import { phaseTookUs, type SwapRecord } from '../swap/record.ts';
import type { SwapMethod } from './scenario.ts';

/** What became of one swap. Times in microseconds; the control stall comes later, and is in the report. */
export interface SwapResult {
  /** Its number in the report; 0 for one that was cut off. */
  readonly swap: number;
  readonly device: string;
  readonly from: string;
  readonly to: string;
  readonly method: SwapMethod;
  /** `refused`: nothing was touched. `rolledBack`: the old driver serves again. `cutOff`: the run, or its CPU, ended before it did. */
  readonly outcome: 'done' | 'refused' | 'rolledBack' | 'cutOff';
  /** The phase it ended in. */
  readonly phase: string;
  /** Why it is not done; empty if it is. */
  readonly reason: string;
  /** From its acceptance to its end. */
  readonly tookUs: number;
  readonly criticalSectionUs: number;
  readonly stallUs: number;
  /** Of the phases that it came through. */
  readonly phasesUs: Readonly<Record<string, number>>;
  /** Remarks, of one that is done too. */
  readonly notes: readonly string[];
}

interface SwapEvent<Kind extends string> {
  readonly kind: Kind;
  /** Since the start of traffic. */
  readonly atMs: number;
  readonly swap: SwapResult;
}

/** All devices have come to another CPU thread. Times in microseconds. */
export interface HandoverResult {
  /** Numbers of the CPUs. */
  readonly from: number;
  readonly to: number;
  /** From the last step of the one, or from when its end was seen, to the end of the other one's first step, which serves what has come by then. */
  readonly pauseUs: number;
  /** Until the devices were taken over; after an end, waiting for a CPU that could do it is part of that. */
  readonly adoptionUs: number;
}

interface HandoverEvent {
  readonly kind: 'handover';
  readonly atMs: number;
  readonly handover: HandoverResult;
}

/** A CPU thread has ended, and another one goes on. */
export interface RecoveryEvent {
  readonly kind: 'recovery';
  readonly atMs: number;
  readonly handover: HandoverResult;
  /** It was ended on request (`killCpu`); a driver let it hang; or it failed. */
  readonly cause: 'killed' | 'hang' | 'failure';
  /** Why the thread ended. */
  readonly reason: string;
  /** From when it was told to end, or where nobody told it, from when its end was seen, to the first frame that the other one served. */
  readonly tookUs: number;
  /** Devices that were reset, as what lay in memory of them did not hold together: why. */
  readonly resets: readonly { readonly device: string; readonly reason: string }[];
}

/** A driver has ended several CPUs on one device: the one that served before it takes its place again. Comes before its recovery. */
interface ReturnEvent {
  readonly kind: 'return';
  readonly atMs: number;
  readonly device: string;
  readonly from: string;
  readonly to: string;
  /** Why the last of those CPUs ended. */
  readonly reason: string;
}

/** The machine's CPU knows another driver of the user's own. Comes before the swap to it. */
interface LoadEvent {
  readonly kind: 'load';
  readonly atMs: number;
  /** As the machine calls it. */
  readonly driver: string;
  /** The longest time in which the CPU that serves made no step for it: 0 with a second CPU, which loads it. In microseconds. */
  readonly stillUs: number;
}

/** Something that has happened, by `kind`. Later versions may have further kinds: leave a way out for those you do not know. */
export type RunEvent =
  | SwapEvent<'swap'>
  | SwapEvent<'refusal'>
  | SwapEvent<'rollback'>
  | HandoverEvent
  | RecoveryEvent
  | ReturnEvent
  | LoadEvent;

const KINDS = { done: 'swap', refused: 'refusal', rolledBack: 'rollback' } as const;

export function resultOf(record: SwapRecord): SwapResult {
  const { id, device, from, to, method, outcome, phase, reason, notes } = record;
  const phases = PHASES.map((name) => [name, phaseTookUs(record, name)]);
  return {
    swap: id,
    device,
    from,
    to,
    method,
    outcome,
    phase,
    reason,
    tookUs: record.endedUs - record.acceptedUs,
    criticalSectionUs: record.criticalSectionUs,
    stallUs: record.stallUs,
    phasesUs: Object.fromEntries(phases.filter(([, us]) => us !== undefined)),
    notes,
  };
}

/** `startedUs`: on the machine's clock, when traffic began. */
export function eventOf(record: SwapRecord, startedUs: number): RunEvent {
  const atMs = (record.endedUs - startedUs) / 1000;
  return { kind: KINDS[record.outcome], atMs, swap: resultOf(record) };
}

export function handoverOf({ from, to, leftUs, adoptedUs, servedUs }: Handover): HandoverResult {
  return { from, to, pauseUs: servedUs - leftUs, adoptionUs: adoptedUs - leftUs };
}

export function reliefEvents(relief: Relief, startedUs: number): RunEvent[] {
  const { cause, reason, leftUs, servedUs, toldUs = leftUs, returned, resets } = relief;
  const atMs = (servedUs - startedUs) / 1000;
  const handover = handoverOf(relief);
  if (cause === 'handover') return [{ kind: 'handover', atMs, handover }];
  const tookUs = servedUs - toldUs;
  const recovery = { kind: 'recovery', atMs, handover, cause, reason, tookUs, resets } as const;
  return returned === undefined ? [recovery] : [{ kind: 'return', atMs, ...returned, reason }, recovery];
}

/** Hands events to all who listen, to each those from its first moment on. What nobody has taken yet is kept. */
export class EventFeed {
  private readonly listeners = new Set<ReadableStreamDefaultController<RunEvent>>();
  private over = false;

  push(event: RunEvent): void {
    for (const listener of this.listeners) listener.enqueue(event);
  }

  /** Nothing more will happen. */
  end(): void {
    this.over = true;
    for (const listener of this.listeners) listener.close();
    this.listeners.clear();
  }

  listen(): AsyncIterableIterator<RunEvent> {
    let listener: ReadableStreamDefaultController<RunEvent>;
    const events = new ReadableStream<RunEvent>({
      start: (controller) => {
        listener = controller;
        if (this.over) listener.close();
        else this.listeners.add(listener);
      },
      cancel: () => void this.listeners.delete(listener),
    });
    return events.values();
  }
}
