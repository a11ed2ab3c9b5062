import type { CardLayout } from '../../host/machine.ts';
import type { Tap } from '../../hw/link/partner.ts';
import { PcapngWriter } from '../../hw/link/pcapng-writer.ts';
import type { Memory } from '../../hw/memory.ts';

/** Records what crosses the links: one interface a card, frames as `in` towards it and `out` from it. */
export class Recorder {
  private readonly memory: Memory;
  private readonly writer: PcapngWriter;

  constructor(memory: Memory, file: string, cards: readonly CardLayout[], epochNs: bigint) {
    this.memory = memory;
    this.writer = new PcapngWriter(file, cards, { epochNs });
  }

  tap(card: number): Tap {
    const { writer } = this;
    const { bytes } = this.memory;
    return {
      toCard: (address, length, timeUs) => writer.frame(card, timeUs * 1000, bytes, address, length, 'in'),
      fromCard: (address, length, timeUs) => writer.frame(card, timeUs * 1000, bytes, address, length, 'out'),
    };
  }

  /** The text becomes a comment of the next frame. */
  annotate(text: string): void {
    this.writer.annotate(text);
  }

  close(): void {
    this.writer.close();
  }
}
