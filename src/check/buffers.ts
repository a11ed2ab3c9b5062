import type { NicState } from '../drivers/nic/state.ts';
import type { BufferPool } from '../drivers/pool.ts';
import { StateError } from '../drivers/state-block.ts';

export interface BufferProblem {
  readonly device: string;
  readonly queue: number | undefined;
  readonly message: string;
}

/**
 * Every buffer has one owner: the free list, a receive ring, a transmit ring, or it has left in a shrink.
 * Call between bursts, when no application holds any. Returns what is wrong.
 */
export function accountBuffers(
  pool: BufferPool,
  cards: readonly { name: string; state: NicState }[],
): BufferProblem[] {
  const owners: (string | undefined)[] = new Array(pool.capacity);
  const problems: BufferProblem[] = [];
  const claim = (buffer: number, owner: string, device: string, queue?: number): void => {
    if (!pool.owns(buffer))
      problems.push({ device, queue, message: `${owner} holds buffer ${buffer}, which does not exist` });
    else if (owners[buffer] !== undefined)
      problems.push({
        device,
        queue,
        message: `buffer ${buffer} has two owners: ${owners[buffer]} and ${owner}`,
      });
    else owners[buffer] = owner;
  };
  const first = cards[0]?.name ?? '';
  pool.forEachFree((buffer) => claim(buffer, 'the free list', first));
  for (const { name, state } of cards) {
    const wrong = inconsistency(state);
    if (wrong !== undefined) problems.push({ device: name, queue: undefined, message: wrong });
    state.forEachBuffer((buffer, kind, queue, slot) =>
      claim(buffer, `${name} ${kind}${queue} slot ${slot}`, name, queue),
    );
  }
  let homeless = 0;
  for (let buffer = 0; buffer < owners.length; buffer++) if (owners[buffer] === undefined) homeless++;
  const lost = homeless - pool.gone;
  if (lost > 0) problems.push({ device: first, queue: undefined, message: `${lost} buffers have no owner` });
  return problems;
}

/** After all drivers have stopped: every buffer is on the free list or has left in a shrink. */
export function buffersAway(pool: BufferPool): number {
  return pool.capacity - pool.available - pool.gone;
}

/** What a successor would refuse the state block for. A card without rings has none to look at. */
function inconsistency(state: NicState): string | undefined {
  if (state.header('rxActive') === 0 && state.header('txActive') === 0) return undefined;
  try {
    state.validate(state.header('device'));
    return undefined;
  } catch (error) {
    if (error instanceof StateError) return error.message;
    throw error;
  }
}
