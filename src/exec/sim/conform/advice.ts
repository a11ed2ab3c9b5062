/** What to look at in a driver when an invariant breaks. */
import type { Invariant, Violation } from '../../../check/ledger.ts';
import type { Phase } from '../../../swap/plan.ts';

export interface Advice {
  readonly invariant: Invariant;
  /** Where an invariant breaks in several ways. */
  readonly message?: RegExp;
  /** Of the swap under way. */
  readonly phase?: Phase;
  readonly advice: string;
}

const GATE =
  'a frame overtook another in a ring move: while limited is set in its record, read a ring no further than readable, and look anew in queuesChanged';

/** The first that fits. */
const ADVICE: readonly Advice[] = [
  { invariant: 'order', phase: 'move', advice: GATE },
  { invariant: 'delivery', phase: 'move', message: /passed over/, advice: GATE },
  {
    invariant: 'interrupts',
    advice:
      'look at the rings once more after unmasking (EIMS), before poll returns: a frame that came before, or that deliver did not take, raises no interrupt any more',
  },
  {
    invariant: 'buffers',
    message: /two owners/,
    advice:
      'a buffer has come home that still lies in a ring: reclaim only up to a descriptor with RS whose DD is set, put home nothing that deliver has taken, and publish consumed or reclaimed in the same call',
  },
  {
    invariant: 'buffers',
    message: /no owner|not home/,
    advice:
      'a buffer has been forgotten: what is taken from the pool lies in a ring and is published (posted, filled) before the call ends, and what was filled without a doorbell is told of in quiesce',
  },
  {
    invariant: 'buffers',
    advice:
      'take buffer numbers from the shadow: the write-back has overwritten the address in the descriptor',
  },
  {
    invariant: 'order',
    message: /duplicated|twice/,
    advice:
      'store consumed when deliver has returned, for as many segments as it took, and before anything else can throw: what is not in the state block is delivered again by the successor',
  },
  {
    invariant: 'order',
    advice:
      'offer the frames of a ring in ring order, again those that deliver has not taken, and read no further than readable while limited is set',
  },
  {
    invariant: 'damage',
    advice:
      "a buffer was written to while it was the application's, or read before its DD: take buffer and length together, after an atomic load of DD, and post a buffer only when it comes from the pool",
  },
  {
    invariant: 'conservation',
    advice:
      'send what transmit is asked to, once: fill one descriptor for each segment, and ring the doorbell once for it',
  },
  {
    invariant: 'transmit',
    message: /never sent/,
    advice:
      'the card was not told of a descriptor, or had not sent it when it was taken back: set RS before each doorbell, ring held doorbells in poll, quiesce and exportState, and a buffer comes home by a DD alone',
  },
  {
    invariant: 'transmit',
    advice:
      'a buffer or descriptor was used again before the card had sent it, or skipped in a hand-over: room counts free descriptors, a buffer comes home by a DD alone, and held doorbells are rung in quiesce or exportState',
  },
  {
    invariant: 'lossless',
    advice:
      'the card had nowhere to put frames though the link waits: enable the receiver when buffers are posted, and never disable a queue that RETA still names',
  },
  {
    invariant: 'isolation',
    advice: 'write to the rings and the state block of the card that the environment names, and of no other',
  },
  {
    invariant: 'delivery',
    message: /passed over|never delivered/,
    advice:
      'a frame was skipped: store consumed only when deliver has returned, for as many segments as it took, and begin where the state block says',
  },
  {
    invariant: 'delivery',
    advice:
      'frames lie there and nobody looks: look at every ring in activate and queuesChanged, post buffers again even when no frame has come, and let idle be true only if an interrupt will come',
  },
  {
    invariant: 'driver',
    message: /no progress/,
    advice:
      'a driver on probation must serve what waits: look at every ring in activate, not only when a vector fires',
  },
  {
    invariant: 'driver',
    message: /end of its (probation|move)/,
    advice:
      'the swap waits for frames that nobody takes: look at every ring in activate, in queuesChanged and when a vector fires, and again as long as deliver leaves any',
  },
  {
    invariant: 'driver',
    message: /does not come to (its|the) end/,
    advice: 'every call is bounded: yield in start and stop where they wait, and wait nowhere else',
  },
  {
    invariant: 'driver',
    message: /does not fit driver/,
    advice:
      'rings are taken over as they are: give rxRing, rxBuffers and txRing the ranges that RING_PARAMETERS has',
  },
  {
    invariant: 'driver',
    advice:
      'no call may throw once the driver serves: what cannot be done now is tried again in a later poll',
  },
];

/** `phase`: that of the swap in whose time it was seen. */
export function adviceFor(
  { invariant, message }: Violation,
  phase: Phase | undefined,
  advice: readonly Advice[] = ADVICE,
): string {
  const fits = (entry: Advice) =>
    entry.invariant === invariant &&
    (entry.phase === undefined || entry.phase === phase) &&
    (entry.message === undefined || entry.message.test(message));
  return advice.find(fits)?.advice ?? 'see the events that led to it';
}
