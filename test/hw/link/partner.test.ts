import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IMIX } from '../../../src/hw/link/frames.ts';
import { LinkPartner, layoutPartner, readPartner } from '../../../src/hw/link/partner.ts';
import {
  CTRL,
  CTRL_RST,
  GPRC,
  qprdc,
  RXCTRL,
  RXCTRL_RXEN,
  rxmpc,
  TPR,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench } from '../bench-card.ts';
import { TxRing } from '../bench-rings.ts';
import { BenchLink } from './bench-link.ts';

const ALL_WELL = { damaged: 0, missing: 0, duplicated: 0, reordered: 0 };

describe('a lossless partner', () => {
  test('never loses a frame, and all arrive whole and in order, if the card looks at its timers in time', () => {
    const action = fc.record({
      us: fc.nat(20_000),
      card: fc.nat(40),
      partner: fc.nat(64),
      take: fc.nat(64),
      partnerFirst: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const link = new BenchLink({ sizes: IMIX, flows: 3 }).flowControl(32 * 1024);
        link.ring.start();
        link.partner.start(link.bench.clock.us);
        for (const { us, card, partner, take, partnerFirst } of actions) {
          // PAUSE holds for 3355 us; a card that steps first after a longer time has renewed it.
          link.bench.clock.us += partnerFirst ? us % 1500 : us;
          if (!partnerFirst) link.card.step(card);
          link.partner.step(link.bench.clock.us, partner);
          if (partnerFirst) link.card.step(card);
          link.take(take);
        }
        link.partner.stop();
        while (link.card.step() + link.take() > 0);
        expect(link.lost).toBe(0);
        expect(link.card.read(rxmpc(0))).toBe(0);
        expect(link.tally).toMatchObject({ frames: link.facts.offered, ...ALL_WELL });
      }),
      { numRuns: 40 },
    );
  });

  test('stops for a card that has nowhere to put frames, and goes on when it has', () => {
    const link = new BenchLink().flowControl(16 * 1024);
    link.ring.program().enable();
    link.partner.start(link.bench.clock.us);
    for (let step = 0; step < 100; step++) link.step(1);
    const stopped = link.facts.offered;
    expect(stopped).toBe((12 * 1024) / 64);
    expect(link.step(1)).toBe(0);
    expect(link.lost).toBe(0);
    link.ring.tail(63);
    for (let step = 0; step < 100; step++) {
      link.step(1);
      link.take();
    }
    expect(link.facts.offered).toBeGreaterThan(stopped + 1000);
    expect(link.tally).toMatchObject(ALL_WELL);
  });

  test('wakes when its pause runs out', () => {
    const link = new BenchLink().flowControl(16 * 1024, 1000);
    link.ring.program().enable();
    link.partner.start(link.bench.clock.us);
    for (let step = 0; step < 10; step++) link.step(0);
    const { us } = link.bench.clock;
    expect(link.partner.nextTimerUs(us)).toBeCloseTo(us + 51.2);
  });

  test('waits for the link, and while it is down', () => {
    const link = new BenchLink({ frames: 100 });
    link.ring.start();
    link.card.nic.setCarrier(false, link.bench.clock.us);
    link.partner.start(link.bench.clock.us);
    for (let step = 0; step < 10; step++) expect(link.step(1000)).toBe(0);
    expect(link.partner.nextTimerUs(link.bench.clock.us)).toBe(Number.POSITIVE_INFINITY);
    link.card.nic.setCarrier(true, link.bench.clock.us);
    for (let step = 0; step < 10; step++) {
      link.step(1000);
      link.take();
    }
    expect(link.facts).toMatchObject({ offered: 100, linkDown: 0, done: true });
    expect(link.tally).toMatchObject({ frames: 100, ...ALL_WELL });
  });

  test('sends nothing into a reset that the driver has just asked for', () => {
    const link = new BenchLink();
    link.ring.start();
    link.partner.start(link.bench.clock.us);
    link.step(0);
    const before = link.facts.offered;
    link.card.write(CTRL, CTRL_RST);
    expect(link.partner.step(link.bench.clock.us, 64)).toBe(0);
    expect(link.facts).toMatchObject({ offered: before, linkDown: 0 });
    expect(link.lost).toBe(0);
  });

  test('sends nothing more into a reset that is noticed in the middle of a burst', () => {
    // A packet buffer of 64 frames: the 65th begins a new lap, where the card looks at its registers.
    const link = new BenchLink({
      tap: {
        toCard: () => {
          if (++toCard === 60) link.card.write(CTRL, CTRL_RST);
        },
        fromCard: () => undefined,
      },
    });
    let toCard = 0;
    link.card.write(0x03c00, 4096); // RXPBSIZE[0]
    link.ring.start();
    link.partner.start(link.bench.clock.us);
    link.card.arrive(new Uint8Array(60), new Uint8Array(60), new Uint8Array(60));
    link.card.step(2); // the last one keeps the buffer from beginning anew at its start
    link.partner.step(link.bench.clock.us, 64);
    expect(link.card.nic.linkUp).toBe(false);
    expect(toCard).toBe(62);
    expect(link.lost).toBe(0);
    const { probes } = link.card.nic;
    expect([probes.read('dropped.reset'), probes.read('dropped.receiverOff')]).toEqual([62, 1]);
  });
});

describe('an open partner', () => {
  test('does not wait; what overruns is counted by the card and time-stamped by the partner', () => {
    const link = new BenchLink({ lossless: false }).flowControl(16 * 1024);
    link.ring.program().enable();
    const fromUs = link.bench.clock.us;
    link.partner.start(fromUs);
    for (let step = 0; step < 20; step++) link.step(10);
    const { offered } = link.facts;
    expect(offered).toBe(20 * 64);
    const taken = link.card.nic.receive.fifo.frames;
    expect(taken).toBe(256);
    expect(link.lost).toBe(offered - taken);
    expect(link.card.read(rxmpc(0))).toBe(link.lost);
    // Full after four bursts; from then on one entry for every burst.
    expect(link.partner.losses.map(({ timeUs, frames }) => [timeUs, frames])).toEqual(
      Array.from({ length: 16 }, (_, i) => [fromUs + (i + 5) * 10, 64]),
    );
  });

  test('losses within five microseconds are one entry', () => {
    const link = new BenchLink({ lossless: false });
    link.card.write(0x03c00, 1024); // RXPBSIZE[0]
    link.ring.program().enable();
    link.partner.start(link.bench.clock.us);
    link.step(0);
    const firstUs = link.bench.clock.us;
    for (let step = 0; step < 9; step++) link.step(1);
    expect(link.partner.losses.map(({ timeUs }) => timeUs - firstUs)).toEqual([0, 5]);
    expect(link.lost).toBe(640 - 16);
  });

  test('what is offered is delivered, missed, or dropped by its queue: every frame once', () => {
    const steps = fc.array(fc.tuple(fc.nat(20), fc.nat(20), fc.nat(20), fc.boolean()), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (actions) => {
        const link = new BenchLink({ lossless: false, sizes: IMIX });
        link.card.write(0x03c00, 8192); // RXPBSIZE[0]
        link.ring.program({ drop: true }).enable();
        link.ring.tail(63);
        link.partner.start(link.bench.clock.us);
        for (const [card, partner, take, off] of actions) {
          link.card.write(RXCTRL, off ? 0 : RXCTRL_RXEN);
          link.card.step(card);
          link.partner.step(link.bench.clock.us, partner);
          link.take(take);
        }
        link.partner.stop();
        while (link.card.step() + link.take() > 0);
        const { card } = link;
        const missed = card.read(rxmpc(0));
        const off = card.nic.probes.read('dropped.receiverOff');
        const dropped = card.read(qprdc(0));
        expect(link.facts.offered).toBe(link.tally.frames + missed + off + dropped);
        expect(link.lost).toBe(missed + off);
        const good = card.read(GPRC);
        expect([good, card.read(TPR)]).toEqual([link.tally.frames + dropped, good]);
        expect(link.tally).toMatchObject({ damaged: 0, duplicated: 0, reordered: 0 });
      }),
      { numRuns: 40 },
    );
  });

  test('at a rate, frames due while the link is down are lost, and counted as such', () => {
    const pace = { kind: 'rate', framesPerSecond: 1e6 } as const;
    const link = new BenchLink({ lossless: false, pace, frames: 300 });
    link.ring.start();
    link.partner.start(link.bench.clock.us);
    for (let step = 0; step < 100; step++) {
      link.step(1);
      link.take();
    }
    link.card.nic.setCarrier(false, link.bench.clock.us);
    for (let step = 0; step < 50; step++) link.step(1);
    expect(link.facts.linkDown).toBe(50);
    expect(link.lost).toBe(50);
    link.card.nic.setCarrier(true, link.bench.clock.us);
    link.card.linkUp();
    for (let step = 0; step < 20; step++) {
      link.step(1);
      link.take();
    }
    const { offered, linkDown } = link.facts;
    expect(offered).toBe(300);
    expect(link.card.read(rxmpc(0))).toBe(0);
    expect(link.tally).toMatchObject({ frames: offered - linkDown, missing: linkDown });
  });

  test('as fast as the link takes them, a link that is down takes none', () => {
    const link = new BenchLink({ lossless: false });
    link.card.nic.setCarrier(false, link.bench.clock.us);
    link.partner.start(link.bench.clock.us);
    expect(link.step(1000)).toBe(0);
    expect(link.lost).toBe(0);
  });
});

describe('the far end of a cable', () => {
  test('a partner without a load has nothing to offer and is done at once', () => {
    let region = { address: 0, bytes: 0 };
    const bench = new Bench({
      reserve: (map) => {
        region = layoutPartner(map);
      },
    });
    const [card] = bench.cards;
    const partner = new LinkPartner(bench.memory, card.nic, region, undefined, undefined, undefined);
    partner.start(0);
    expect(partner.step(1000, 64)).toBe(0);
    expect(readPartner(bench.memory, region)).toEqual({ offered: 0, octets: 0, linkDown: 0, done: true });
  });

  test('everything that crosses the cable passes the tap, as it was and when it did', () => {
    const seen: string[] = [];
    const note = (way: string) => (address: number, length: number, timeUs: number) => {
      seen.push(`${way} ${link.bench.memory.bytes[address + 44]} ${length} ${timeUs - fromUs}`);
    };
    const link = new BenchLink({ tap: { toCard: note('in'), fromCard: note('out') }, frames: 2 });
    link.ring.start();
    const fromUs = link.bench.clock.us;
    link.partner.start(fromUs);
    link.step(3);
    const transmit = new TxRing(link.card, 0).start();
    transmit.put(new Uint8Array(100).fill(9));
    transmit.doorbell();
    link.step(4);
    expect(seen).toEqual(['in 0 60 3', 'in 1 60 3', 'out 9 100 7']);
  });
});
