import type { DriverDeclaration } from '../drivers/contract.ts';
import type { Parameters } from '../drivers/parameters.ts';
import type { CommonSituation, Plan } from './plan.ts';

interface Remembered<S> {
  readonly situation: S;
  readonly plan: Plan;
}

/** Of one pair of drivers: more are other parameters each time, and are not found again. */
const KEPT_OF_A_PAIR = 16;

/**
 * Plans that were made before. Swaps repeat, and after a millisecond of traffic the code that makes a plan has left the
 * caches: with what it looks at it takes some 12 us, and finding the plan with the same look some 7.
 */
export class PlanMemory<S extends CommonSituation> {
  private readonly make: (situation: S) => Plan;
  private readonly sameDevice: (a: S, b: S) => boolean;
  private readonly pairs = new Map<DriverDeclaration, Map<DriverDeclaration, Remembered<S>[]>>();

  /** `make`: a pure function. `sameDevice`: are they equal in what only situations of this kind of device have? */
  constructor(make: (situation: S) => Plan, sameDevice: (a: S, b: S) => boolean) {
    this.make = make;
    this.sameDevice = sameDevice;
  }

  /** Throws what making the plan throws. */
  planFor(situation: S): Plan {
    const known = this.ofPair(situation.from, situation.to);
    for (let i = 0; i < known.length; i++) if (this.same(known[i].situation, situation)) return known[i].plan;
    const plan = this.make(situation);
    if (known.length === KEPT_OF_A_PAIR) known.shift();
    known.push({ situation, plan });
    return plan;
  }

  private ofPair(from: DriverDeclaration, to: DriverDeclaration): Remembered<S>[] {
    const ofOld = this.pairs.get(from) ?? new Map<DriverDeclaration, Remembered<S>[]>();
    const known = ofOld.get(to) ?? [];
    if (known.length === 0) this.pairs.set(from, ofOld.set(to, known));
    return known;
  }

  private same(a: S, b: S): boolean {
    return (
      a.method === b.method &&
      a.queues === b.queues &&
      sameParameters(a.fromParameters, b.fromParameters) &&
      sameParameters(a.given, b.given) &&
      this.sameDevice(a, b)
    );
  }
}

function sameParameters(a: Parameters, b: Parameters): boolean {
  if (a === b) return true;
  for (const name in a) if (a[name] !== b[name]) return false;
  for (const name in b) if (!(name in a)) return false;
  return true;
}
