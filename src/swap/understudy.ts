/**
 * Plays a swap's pause through on a scratch card, right before the real one. Since the last swap everything else has run:
 * the code of the pause has left the caches, and a pause that begins with it cold takes twice as long.
 */
import type { NicDriverDefinition } from '../drivers/contract.ts';
import type { Exchange } from './exchange.ts';

export class Understudy {
  /** Swaps on scratch cards that stand behind their pause, by old driver and new one. */
  private readonly parts = new Map<NicDriverDefinition, Map<NicDriverDefinition, Exchange>>();

  learn(exchange: Exchange): void {
    const { definition } = exchange.old;
    const known = this.parts.get(definition) ?? new Map<NicDriverDefinition, Exchange>();
    this.parts.set(definition, known.set(exchange.request.to, exchange));
  }

  /** A driver that throws here is not asked again; what it does in the real pause is that one's affair. */
  play(from: NicDriverDefinition, to: NicDriverDefinition): void {
    const known = this.parts.get(from);
    try {
      known?.get(to)?.playPause();
    } catch {
      known?.delete(to);
    }
  }
}
