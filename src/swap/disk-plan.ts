/** What a swap of a disk will do, as data: a pure function of who is there, who is to come, and with what parameters. */
import { resolveParameters } from '../drivers/parameters.ts';
import {
  type CommonSituation,
  type Method,
  negotiate,
  type Plan,
  type Step,
  type StepKind,
  stepsOf,
} from './plan.ts';

/** Throws Refusal, or ParameterError for values out of range. */
export function planDiskSwap(situation: CommonSituation): Plan {
  const { from, fromParameters, to, given, method, queues } = situation;
  const agreement = negotiate(from, to);
  const { format, imported, converters } = agreement;
  const parameters = resolveParameters(to.name, to.parameters, given, fromParameters);
  // A reset makes all queue pairs anew, of whatever depth.
  const deeper = method !== 'reset' && parameters.queueDepth !== fromParameters.queueDepth;
  const moves = deeper ? Array.from({ length: queues }, (_, queue) => queue) : [];
  const keeps = {
    old: format !== from.exports[0],
    next: to.exports.length > 1,
    more: imported !== to.exports[0],
    converts: converters.length > 0,
  };
  return {
    ...agreement,
    parameters,
    method,
    moves,
    newSlots: parameters.queueDepth ?? 0,
    buffersDuring: 0,
    buffersAfter: 0,
    steps: deeper ? sequence(method, keeps, queues) : withoutMoves(method, keeps),
    notes: method === 'reset' ? ['flushes, discards and zeroes that are in flight end with an error'] : [],
  };
}

/**
 * Who keeps something of his own, beyond the common format? An old driver must first be without what the new one would not
 * know. The new one is told when the old one will not come back; if it keeps more than that one would know, it does
 * without for as long.
 */
interface Keeps {
  readonly old: boolean;
  readonly next: boolean;
  readonly more: boolean;
  /** What it has in words of its own is converted. */
  readonly converts: boolean;
}

/** Almost every swap is one of these: made once. */
const WITHOUT_MOVES = new Map<string, readonly Step[]>();

function withoutMoves(method: Method, keeps: Keeps): readonly Step[] {
  const key = `${method} ${keeps.old} ${keeps.next} ${keeps.more} ${keeps.converts}`;
  const known = WITHOUT_MOVES.get(key);
  if (known !== undefined) return known;
  const made = sequence(method, keeps, 0);
  WITHOUT_MOVES.set(key, made);
  return made;
}

function sequence(method: Method, keeps: Keeps, moves: number): readonly Step[] {
  const kinds: StepKind[] = ['agree'];
  if (moves > 0) kinds.push('makeRings');
  kinds.push('create');
  if (method !== 'reset') kinds.push('configure');
  if (keeps.old) kinds.push('settle');
  if (method === 'inplace') kinds.push('warm');
  if (method === 'drain') kinds.push('drain');
  kinds.push('quiesce', 'export');
  if (method === 'reset') kinds.push('tearDown', 'coldStart');
  if (keeps.converts) kinds.push('convert');
  kinds.push('validate', 'import', 'point', 'activate');
  if (keeps.more) kinds.push('abstain');
  if (method === 'reset') kinds.push('resubmit');
  kinds.push('watch');
  for (let move = 0; move < moves; move++) kinds.push('moveQueues');
  if (keeps.next) kinds.push('keep');
  kinds.push('release');
  return stepsOf(kinds);
}
