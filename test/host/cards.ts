/** The cards of a test's machine, and the traffic on their links. */
import type { NicDriverDefinition } from '../../src/drivers/contract.ts';
import { type Parameters, resolveParameters } from '../../src/drivers/parameters.ts';
import type { ApplicationName } from '../../src/host/apps/applications.ts';
import type { CardPlan } from '../../src/host/machine.ts';
import { layoutGenerated } from '../../src/hw/link/generated.ts';
import type { Pace } from '../../src/hw/link/pacer.ts';
import type { MemoryMap } from '../../src/hw/memory.ts';

export interface CardOptions {
  readonly driver?: string;
  readonly parameters?: Parameters;
  readonly queues?: number;
  readonly app?: ApplicationName;
  /** Wire sizes, FCS included, in turn. */
  readonly sizes?: readonly number[];
  readonly flows?: number;
  readonly frames?: number;
  readonly pace?: Pace;
  readonly lossless?: boolean;
}

export function planCard(
  map: MemoryMap,
  cards: readonly CardOptions[],
  card: CardOptions,
  index: number,
  book: readonly NicDriverDefinition[],
): CardPlan {
  const { driver = 'polling', queues = 1, app = 'sink', sizes = [64], flows = 4, frames = 2000 } = card;
  const definition = book.find(({ name }) => name === driver);
  if (definition === undefined) throw new Error(`no driver ${driver}`);
  const forwarded = cards.at(index ^ 1)?.app === 'forward';
  return {
    name: `eth${index}`,
    queues,
    driver,
    parameters: resolveParameters(driver, definition.parameters, card.parameters ?? {}),
    app,
    stream: layoutGenerated(map, sizes, flows),
    pace: card.pace ?? { kind: 'max' },
    lossless: card.lossless ?? true,
    lossy: card.lossless === false,
    wholeOneIn: 1,
    frames,
    durationUs: Number.POSITIVE_INFINITY,
    returns: app === 'echo' ? index : forwarded ? index ^ 1 : undefined,
    mirrored: app === 'echo',
  };
}
