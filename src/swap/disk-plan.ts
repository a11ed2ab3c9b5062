/** What a swap of a disk will do, as data: a pure function of who is there, who is to come, and with what parameters. */
import type { DriverDeclaration } from '../drivers/contract.ts';
import { type Parameters, resolveParameters } from '../drivers/parameters.ts';
import { type Method, negotiate, type Plan, Refusal, type StepKind, stepsOf } from './plan.ts';

export interface DiskSituation {
  readonly from: DriverDeclaration;
  readonly fromParameters: Parameters;
  readonly to: DriverDeclaration;
  readonly given: Parameters;
  readonly method: Method;
}

/** Throws Refusal, or ParameterError for values out of range. */
export function planDiskSwap({ from, fromParameters, to, given, method }: DiskSituation): Plan {
  const format = negotiate(from, to);
  if (method === 'reset')
    throw new Refusal('a disk is not swapped by a reset: give method=inplace or method=drain');
  const wanted = resolveParameters(to.name, to.parameters, given, fromParameters);
  const { queueDepth } = fromParameters;
  const kept = wanted.queueDepth === queueDepth;
  return {
    format,
    parameters: kept ? wanted : { ...wanted, queueDepth },
    method,
    moves: [],
    newSlots: 0,
    buffersDuring: 0,
    buffersAfter: 0,
    steps: STEPS[method][format === from.exports[0] ? 'asItIs' : 'settled'],
    notes: kept ? [] : [`queueDepth stays ${queueDepth}: queue pairs keep their length`],
  };
}

/** A driver that hands over less than it has must first be without the rest. Almost every swap is one of these: made once. */
const STEPS = {
  inplace: { asItIs: stepsOf(kindsOf([])), settled: stepsOf(kindsOf(['settle'])) },
  drain: { asItIs: stepsOf(kindsOf(['drain'])), settled: stepsOf(kindsOf(['settle', 'drain'])) },
};

function kindsOf(before: readonly StepKind[]): StepKind[] {
  const pause = ['quiesce', 'export', 'validate', 'import', 'point', 'activate'] as const;
  return ['agree', 'create', 'configure', ...before, ...pause, 'watch', 'release'];
}
