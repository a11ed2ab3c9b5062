/** What a swap of a disk will do, as data: a pure function of who is there, who is to come, and with what parameters. */
import type { DriverDeclaration } from '../drivers/contract.ts';
import { type Parameters, resolveParameters } from '../drivers/parameters.ts';
import { type Method, negotiate, type Plan, Refusal, type Step, type StepKind, stepsOf } from './plan.ts';

export interface DiskSituation {
  readonly from: DriverDeclaration;
  readonly fromParameters: Parameters;
  readonly to: DriverDeclaration;
  readonly given: Parameters;
  readonly method: Method;
  /** Queues of the client, each with its pair. */
  readonly queues: number;
}

/** Throws Refusal, or ParameterError for values out of range. */
export function planDiskSwap(situation: DiskSituation): Plan {
  const { from, fromParameters, to, given, method, queues } = situation;
  const format = negotiate(from, to);
  if (method === 'reset')
    throw new Refusal('a disk is not swapped by a reset: give method=inplace or method=drain');
  const parameters = resolveParameters(to.name, to.parameters, given, fromParameters);
  const deeper = parameters.queueDepth !== fromParameters.queueDepth;
  const moves = deeper ? Array.from({ length: queues }, (_, queue) => queue) : [];
  const keeps = format !== from.exports[0];
  return {
    format,
    parameters,
    method,
    moves,
    newSlots: parameters.queueDepth ?? 0,
    buffersDuring: 0,
    buffersAfter: 0,
    steps: deeper ? sequence(method, keeps, queues) : WITHOUT_MOVES[method][keeps ? 'settled' : 'asItIs'],
    notes: [],
  };
}

/** Almost every swap is one of these: made once. A driver that hands over less than it keeps must first be without the rest. */
const WITHOUT_MOVES = {
  inplace: { asItIs: sequence('inplace', false, 0), settled: sequence('inplace', true, 0) },
  drain: { asItIs: sequence('drain', false, 0), settled: sequence('drain', true, 0) },
};

function sequence(method: Method, settled: boolean, moves: number): readonly Step[] {
  const kinds: StepKind[] = ['agree'];
  if (moves > 0) kinds.push('makeRings');
  kinds.push('create', 'configure');
  if (settled) kinds.push('settle');
  if (method === 'inplace') kinds.push('warm');
  if (method === 'drain') kinds.push('drain');
  kinds.push('quiesce', 'export', 'validate', 'import', 'point', 'activate', 'watch');
  for (let move = 0; move < moves; move++) kinds.push('moveQueues');
  kinds.push('release');
  return stepsOf(kinds);
}
