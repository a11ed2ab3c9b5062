import type { DriverDeclaration } from '../drivers/contract.ts';
import type { SwapOrder } from '../exec/threads/messages.ts';
import { METHODS } from '../swap/plan.ts';
import { isPath } from './book.ts';
import { checkedParameters } from './checked-parameters.ts';
import type { DriverFiles } from './driver-files.ts';
import type { Device, DriverBook } from './drivers.ts';
import { UsageError } from './errors.ts';
import type { SwapResult } from './run-events.ts';
import type { DriverParameters, SwapMethod } from './scenario.ts';
import { didYouMean } from './suggest.ts';

export const SWAP_METHODS: readonly SwapMethod[] = METHODS;

export interface SwapOptions {
  /** Default `inplace`. */
  readonly method?: SwapMethod;
  /** It waits for a moment at which the device has nothing in hand, ten seconds at the most. Default: false, it begins at once. */
  readonly lazy?: boolean;
}

type Ask = (order: Omit<SwapOrder, 'ticket' | 'kind'>) => Promise<SwapResult>;

/** A device of a machine that runs. */
export class RunningDevice {
  readonly name: string;
  readonly kind: 'card' | 'disk';
  private readonly slot: number;
  private readonly book: DriverBook;
  private readonly files: DriverFiles;
  private readonly ask: Ask;

  constructor(
    name: string,
    kind: 'card' | 'disk',
    slot: number,
    book: DriverBook,
    files: DriverFiles,
    ask: Ask,
  ) {
    this.name = name;
    this.kind = kind;
    this.slot = slot;
    this.book = book;
    this.files = files;
    this.ask = ask;
  }

  /** Those that it can be swapped to. */
  get drivers(): readonly DriverDeclaration[] {
    return this.book.all(this.device);
  }

  /**
   * Exchanges its driver while it works, for one that the run knows by its name, or for that of a file as it is now. Resolves when
   * the swap has ended, with what became of it: a name that nobody has is a refusal, like all that the machine itself says no to.
   * Rejects with UsageError for a file that is no driver of such a device, or does not pass its trial, and for parameters that the
   * driver does not have or take: the machine never hears of these.
   */
  async swap(to: string, parameters: DriverParameters = {}, options: SwapOptions = {}): Promise<SwapResult> {
    const where = `swap of ${this.name}`;
    const method = checkedMethod(options.method ?? 'inplace', where);
    const definition = await this.find(to, where);
    if (definition !== undefined) checkedParameters(definition, parameters, where);
    const { lazy = false } = options;
    return this.ask({ slot: this.slot, to: definition?.name ?? to, parameters, method, lazy });
  }

  get device(): Device {
    return this.kind === 'card' ? 'nic' : 'nvme';
  }

  private async find(to: string, where: string): Promise<DriverDeclaration | undefined> {
    if (!isPath(to)) return this.book.lookUp(this.device, to);
    const definition = await this.files.load(to);
    if (definition !== undefined) this.book.demandSame(definition.device, this.device, to, where);
    return definition;
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
