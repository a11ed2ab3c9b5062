import type { DriverDeclaration } from '../drivers/contract.ts';
import type { SwapOrder } from '../exec/threads/messages.ts';
import { METHODS } from '../swap/plan.ts';
import { checkedParameters } from './checked-parameters.ts';
import { UsageError } from './errors.ts';
import type { SwapResult } from './run-events.ts';
import type { DriverParameters, SwapMethod } from './scenario.ts';
import { didYouMean } from './suggest.ts';

export const SWAP_METHODS: readonly SwapMethod[] = METHODS;

export interface SwapOptions {
  /** Default `inplace`. */
  readonly method?: SwapMethod;
}

/** The drivers that a run knows of one kind of device: it was told of them at its start. */
export interface KnownDrivers {
  readonly all: readonly DriverDeclaration[];
  /** By name, or by the path of its module as it was given. */
  lookUp(reference: string): DriverDeclaration | undefined;
}

type Ask = (order: Omit<SwapOrder, 'ticket'>) => Promise<SwapResult>;

/** A device of a machine that runs. */
export class RunningDevice {
  readonly name: string;
  readonly kind: 'card' | 'disk';
  private readonly slot: number;
  private readonly known: KnownDrivers;
  private readonly ask: Ask;

  constructor(name: string, kind: 'card' | 'disk', slot: number, known: KnownDrivers, ask: Ask) {
    this.name = name;
    this.kind = kind;
    this.slot = slot;
    this.known = known;
    this.ask = ask;
  }

  /** Those that it can be swapped to. */
  get drivers(): readonly DriverDeclaration[] {
    return this.known.all;
  }

  /**
   * Exchanges its driver while it works. Resolves when the swap has ended, with what became of it: a driver that the run was not
   * told of at its start is a refusal, like all that the machine itself says no to. Rejects with UsageError for parameters that
   * the driver does not have or take.
   */
  async swap(to: string, parameters: DriverParameters = {}, options: SwapOptions = {}): Promise<SwapResult> {
    const where = `swap of ${this.name}`;
    const method = checkedMethod(options.method ?? 'inplace', where);
    const definition = this.known.lookUp(to);
    if (definition !== undefined) checkedParameters(definition, parameters, where);
    return this.ask({ slot: this.slot, to: definition?.name ?? to, parameters, method });
  }
}

/** Throws UsageError. */
export function checkedMethod(given: string, where: string): SwapMethod {
  const method = SWAP_METHODS.find((known) => known === given);
  if (method !== undefined) return method;
  throw new UsageError(
    `${where}: there is no method ${given}${didYouMean(given, SWAP_METHODS)}; there are ${SWAP_METHODS.join(', ')}`,
  );
}
