/** A card with a tester at the far end of its cable, and software that looks at every frame delivered. */
import { layoutGenerated, prepareGenerated } from '../../../src/hw/link/generated.ts';
import type { Pace } from '../../../src/hw/link/pacer.ts';
import { LinkPartner, layoutPartner, readPartner, type Tap } from '../../../src/hw/link/partner.ts';
import { checkerStateBytes, makeChecker, makeSource } from '../../../src/hw/link/stream.ts';
import { layoutTally, readTally, Verifier } from '../../../src/hw/link/verifier.ts';
import type { MemoryMap } from '../../../src/hw/memory.ts';
import {
  FCCFG,
  FCCFG_TFCE_802_3X,
  FCRTH,
  FCRTH_FCEN,
  FCRTL,
  FCRTL_XONE,
  FCTTV,
  HLREG0,
  HLREG0_JUMBOEN,
  MAXFRS,
  rxpbsize,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard } from '../bench-card.ts';
import { RxRing } from '../bench-rings.ts';

export interface LinkOptions {
  readonly sizes?: readonly number[];
  readonly flows?: number;
  readonly pace?: Pace;
  readonly lossless?: boolean;
  readonly frames?: number;
  readonly durationUs?: number;
  readonly slots?: number;
  readonly tap?: Tap;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Lays out a stream, where its checker keeps its place, and what it counts. */
function layoutLink(map: MemoryMap, { sizes = [64], flows = 1 }: LinkOptions) {
  const stream = layoutGenerated(map, sizes, flows);
  const state = map.take(checkerStateBytes(stream));
  return { stream, state, tally: layoutTally(map), partner: layoutPartner(map) };
}

export class BenchLink {
  readonly bench: Bench;
  readonly card: BenchCard;
  readonly partner: LinkPartner;
  readonly ring: RxRing;
  readonly verifier: Verifier;
  private readonly layout: ReturnType<typeof layoutLink>;
  private slot = 0;

  constructor(options: LinkOptions = {}) {
    const { pace = { kind: 'max' }, lossless = true, frames = NEVER, durationUs = NEVER } = options;
    let layout: ReturnType<typeof layoutLink> | undefined;
    this.bench = new Bench({
      dmaBytes: 2 << 20,
      reserve: (map) => {
        layout = layoutLink(map, options);
      },
    });
    if (layout === undefined) throw new Error('nothing was laid out');
    this.layout = layout;
    const { memory, clock } = this.bench;
    [this.card] = this.bench.cards;
    prepareGenerated(memory, layout.stream, this.card.port.mac, 1);
    const checker = makeChecker(memory, layout.stream, layout.state, {
      mirrored: false,
      lossy: !lossless,
      wholeOneIn: 1,
    });
    this.verifier = new Verifier(memory, checker, layout.tally, clock);
    const load = { source: makeSource(memory, layout.stream), pace, lossless, frames, durationUs };
    this.partner = new LinkPartner(
      memory,
      this.card.nic,
      layout.partner,
      load,
      undefined,
      options.tap ?? undefined,
    );
    this.card.set(HLREG0, HLREG0_JUMBOEN);
    this.card.write(MAXFRS, 9216 << 16);
    this.card.start();
    this.ring = new RxRing(this.card, 0, { slots: options.slots ?? 64, bufferBytes: 10 * 1024 });
  }

  /** A packet buffer of this size, and PAUSE above three quarters of it, with room for one frame behind. */
  flowControl(bytes: number, quanta = 0xffff): this {
    const { card } = this;
    card.write(rxpbsize(0), bytes);
    card.write(FCTTV, quanta);
    card.write(FCRTH, ((bytes * 3) / 4) | FCRTH_FCEN);
    card.write(FCRTL, (bytes / 4) | FCRTL_XONE);
    card.write(FCCFG, FCCFG_TFCE_802_3X);
    card.step();
    return this;
  }

  /** Time passes, the card steps, then the tester. Returns how many frames it offered. */
  step(us: number, budget = 64): number {
    this.bench.clock.us += us;
    this.card.step(budget);
    return this.partner.step(this.bench.clock.us, budget);
  }

  /** Takes up to so many frames from the ring, looks at each, and gives its buffer back. */
  take(most = NEVER): number {
    const { ring, verifier } = this;
    let taken = 0;
    for (; taken < most && ring.at(this.slot).done; taken++) {
      verifier.frame(ring.bufferOf(this.slot), ring.at(this.slot).length, ring.queue);
      ring.fill(this.slot);
      ring.tail(this.slot);
      this.slot = (this.slot + 1) % ring.slots;
    }
    verifier.publish();
    return taken;
  }

  get facts() {
    return readPartner(this.bench.memory, this.layout.partner);
  }

  get tally() {
    return readTally(this.bench.memory, this.layout.tally);
  }

  get lost(): number {
    return this.partner.losses.reduce((sum, loss) => sum + loss.frames, 0);
  }
}
