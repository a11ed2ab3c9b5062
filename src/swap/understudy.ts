/**
 * Plays a swap's pause through on a scratch device, right before the real one. Since the last swap everything else has run:
 * the code of the pause has left the caches, and a pause that begins with it cold takes twice as long.
 */
import type { DriverDeclaration } from '../drivers/contract.ts';
import type { DeviceTypes } from './device.ts';
import type { Exchange } from './exchange.ts';
import { SERVE, type Slices } from './slices.ts';

type Part = Exchange<DeviceTypes>;

export class Understudy {
  /** Swaps on scratch devices that stand behind their pause, by old driver and new one. */
  private readonly parts = new Map<DriverDeclaration, Map<DriverDeclaration, Part>>();

  learn(exchange: Part): void {
    const { definition } = exchange.old;
    const known = this.parts.get(definition) ?? new Map<DriverDeclaration, Part>();
    this.parts.set(definition, known.set(exchange.request.to, exchange));
  }

  /** A driver that throws here is not asked again; what it does in the real pause is that one's affair. */
  play(from: DriverDeclaration, to: DriverDeclaration): void {
    const known = this.parts.get(from);
    try {
      known?.get(to)?.playPause();
    } catch {
      known?.delete(to);
    }
  }
}

/** The last step before a pause. In a slice of its own: whoever waits is served once more. */
export function* playThrough({ slot, request, plan }: Part, understudy: Understudy): Slices {
  const { state, port } = slot.environment;
  understudy.play(slot.definition, request.to);
  state.save(slot.snapshot); // what the pause reads of this device, it finds in the cache
  state.validate(port.device);
  state.own.empty(slot.assignment.nextBank, plan.format);
  yield SERVE;
}
