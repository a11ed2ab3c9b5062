import type { Memory } from '../memory.ts';
import type { Nic } from '../nic/nic.ts';
import type { Wire } from '../nic/wire.ts';
import { copy } from '../shared.ts';

/** A cable between two cards on the same hardware thread: what one sends, the other receives; PAUSE goes both ways. */
export function connect(memory: Memory, a: Nic, b: Nic): void {
  a.plug(new CableEnd(memory, b));
  b.plug(new CableEnd(memory, a));
}

class CableEnd implements Wire {
  private readonly memory: Memory;
  private readonly peer: Nic;

  constructor(memory: Memory, peer: Nic) {
    this.memory = memory;
    this.peer = peer;
  }

  /** A card sends only into a link that is up at both ends. */
  ready(): boolean {
    return this.peer.linkUp;
  }

  send(address: number, length: number, nowUs: number): void {
    this.peer.beginArrivals(nowUs);
    const at = this.peer.receive.reserve(length);
    if (at < 0) return; // counted by the peer
    copy(this.memory, at, address, length);
    this.peer.receive.accept(at, length, nowUs);
  }

  pause(quanta: number, nowUs: number): void {
    this.peer.paused(quanta, nowUs);
  }
}
