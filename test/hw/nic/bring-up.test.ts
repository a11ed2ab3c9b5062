/** Bring-up and forwarding as polling drivers do them on the real card, by register accesses alone. */
import { beforeEach, describe, expect, test } from 'vitest';
import { connect } from '../../../src/hw/link/cable.ts';
import { IMIX } from '../../../src/hw/link/frames.ts';
import {
  GeneratedChecker,
  GeneratedSource,
  type GeneratedStream,
  generatedStateBytes,
  layoutGenerated,
  prepareGenerated,
} from '../../../src/hw/link/generated.ts';
import { LinkPartner, layoutPartner, readPartner } from '../../../src/hw/link/partner.ts';
import { layoutTally, readTally, Verifier } from '../../../src/hw/link/verifier.ts';
import type { MemoryMap, Region } from '../../../src/hw/memory.ts';
import { qprdc, rxmpc } from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard } from '../bench-card.ts';
import { PollingSoftware, REGISTER } from './polling-software.ts';

const FRAMES = 10_000;
const BATCH = 64;
const BUFFERS = 2048;

/** What crosses from one card to the other: made at one end, checked at the other. */
interface Way {
  readonly stream: GeneratedStream;
  readonly state: Region;
  readonly tally: Region;
  readonly partner: Region;
}

let bench: Bench;
let cards: readonly BenchCard[];
let software: PollingSoftware[];
let ways: Way[];

beforeEach(() => {
  ways = [];
  bench = new Bench({
    cards: 2,
    dmaBytes: 10 << 20,
    reserve: (map) => {
      for (const sizes of [[64], IMIX]) ways.push(layoutWay(map, sizes));
    },
  });
  cards = bench.cards;
  ways.forEach((way, i) => {
    prepareGenerated(bench.memory, way.stream, cards[i].port.mac, i + 1);
  });
  software = cards.map((card) => new PollingSoftware(card.port, bench.memory, BUFFERS, mapForBoth, work));
});

function layoutWay(map: MemoryMap, sizes: readonly number[]): Way {
  const stream = layoutGenerated(map, sizes, 4);
  const state = map.take(generatedStateBytes(stream));
  return { stream, state, tally: layoutTally(map), partner: layoutPartner(map) };
}

/** Both cards may touch all of it, as with one IOMMU container for both. */
function mapForBoth(bytes: number): Region {
  const region = bench.dma.allocate(bytes, 'a polling driver');
  for (const card of cards) card.port.map(region);
  return region;
}

/** Ten microseconds, in which the cards work. */
function work(): void {
  bench.clock.us += 10;
  for (const card of cards) card.step(BATCH);
}

/** Takes a batch at one card and sends it at the other. Returns the frames that found no room there. */
function forward(from: PollingSoftware, to: PollingSoftware): number {
  const packets = from.receive(BATCH);
  const sent = to.send(packets);
  for (const { pool, address } of packets.slice(sent)) pool.push(address);
  return packets.length - sent;
}

describe('after the bring-up of a polling driver', () => {
  test('the registers hold what it has written, and the card has acknowledged it', () => {
    software[0].bringUp();
    const read = (offset: number): number => cards[0].port.read32(offset);
    expect(read(REGISTER.CTRL)).toBe(0);
    expect(read(REGISTER.EIMS)).toBe(0);
    expect(read(REGISTER.RXPBSIZE)).toBe(0x20000);
    expect(read(REGISTER.RXPBSIZE + 4)).toBe(0);
    expect(read(REGISTER.HLREG0)).toBe((1 << 0) | (1 << 1) | (1 << 10));
    expect(read(REGISTER.RDRXCTL)).toBe((1 << 1) | (1 << 3));
    expect(read(REGISTER.FCTRL)).toBe(7 << 8);
    expect(read(REGISTER.SRRCTL)).toBe(0x402 | (1 << 25) | (1 << 28));
    expect(read(REGISTER.CTRL_EXT)).toBe(1 << 16);
    expect(read(REGISTER.AUTOC)).toBe(3 << 13);
    expect([read(REGISTER.RDLEN), read(REGISTER.RDH), read(REGISTER.RDT)]).toEqual([8192, 0, 511]);
    expect([read(REGISTER.TDLEN), read(REGISTER.TDH), read(REGISTER.TDT)]).toEqual([8192, 0, 0]);
    expect(read(REGISTER.RXDCTL) >>> 25).toBe(1);
    expect(read(REGISTER.TXDCTL)).toBe((1 << 25) | 36 | (8 << 8) | (4 << 16));
    expect(read(REGISTER.LINKS)).toBe((1 << 30) | (3 << 28));
    expect(software[0].mac).toEqual(cards[0].port.mac);
    expect(cards[0].nic.probes.read('dmaFaults')).toBe(0);
  });

  test('it may be brought up again, with all buffers home but those posted', () => {
    software[0].bringUp();
    const posted = BUFFERS - software[0].pool.length;
    expect(posted).toBe(512);
    software[0].bringUp();
    expect(software[0].pool.length).toBe(BUFFERS - 2 * posted);
  });

  test('no interrupt was ever raised', () => {
    for (const each of software) each.bringUp();
    expect(bench.interrupts()).toEqual([]);
  });
});

describe('forwarding', () => {
  /** Testers at both cables; each sends its stream into its card and checks what comes from the other. */
  function plugTesters(framesPerSecond: number): LinkPartner[] {
    return cards.map((card, i) => {
      const [own, other] = [ways[i], ways[1 - i]];
      const checker = new GeneratedChecker(bench.memory, other.stream, other.state, false);
      const verifier = new Verifier(bench.memory, checker, other.tally, bench.clock);
      const source = new GeneratedSource(bench.memory, own.stream);
      const pace = { kind: 'rate', framesPerSecond } as const;
      const load = { source, pace, lossless: false, frames: FRAMES, durationUs: Number.POSITIVE_INFINITY };
      return new LinkPartner(bench.memory, card.nic, own.partner, load, verifier, undefined);
    });
  }

  function run(partners: readonly LinkPartner[], idle: number): number {
    let unsent = 0;
    for (const partner of partners) partner.start(bench.clock.us);
    const done = (way: Way): boolean => readPartner(bench.memory, way.partner).done;
    for (let turn = 0, rest = 200; rest > 0; turn++) {
      work();
      for (const partner of partners) partner.step(bench.clock.us, BATCH);
      if (turn % idle === 0) unsent += forward(software[0], software[1]) + forward(software[1], software[0]);
      if (ways.every(done)) rest--;
    }
    return unsent;
  }

  test('10,000 frames each way between two cards arrive whole, in order and once', () => {
    for (const each of software) each.bringUp();
    const partners = plugTesters(2e6);
    expect(run(partners, 1)).toBe(0);
    ways.forEach((way, i) => {
      const { octets, offered } = readPartner(bench.memory, way.partner);
      expect(offered).toBe(FRAMES);
      expect(readTally(bench.memory, way.tally)).toEqual({
        frames: FRAMES,
        octets: octets - 4 * FRAMES,
        damaged: 0,
        missing: 0,
        duplicated: 0,
        reordered: 0,
      });
      expect(software[i].readStatistics()).toMatchObject({ received: FRAMES, receivedBytes: octets });
      expect(cards[i].read(rxmpc(0)) + cards[i].read(qprdc(0))).toBe(0);
      expect(cards[i].nic.probes.read('dmaFaults')).toBe(0);
    });
    // Cleaned in batches: at most one batch less one frame, and the posted ones, are away.
    const home = software.map(({ pool }) => pool.length);
    for (const buffers of home) expect(BUFFERS - 512 - buffers).toBeLessThan(32);
  });

  test('a driver that comes too seldom loses frames, and the card has counted each of them', () => {
    for (const each of software) each.bringUp();
    const partners = plugTesters(5e6);
    const unsent = run(partners, 12);
    const dropped = cards.map((card) => card.read(qprdc(0)) + card.read(rxmpc(0)));
    expect(dropped.every((count) => count > 0)).toBe(true);
    const tallies = ways.map((way) => readTally(bench.memory, way.tally));
    const forwarded = tallies.reduce((sum, { frames }) => sum + frames, 0);
    expect(forwarded + unsent + dropped[0] + dropped[1]).toBe(2 * FRAMES);
    for (const { damaged, duplicated, reordered } of tallies)
      expect([damaged, duplicated, reordered]).toEqual([0, 0, 0]);
  });
});

test('10,000 frames sent in batches by one card are received in batches by the other, over a cable', () => {
  connect(bench.memory, cards[0].nic, cards[1].nic);
  for (const each of software) each.bringUp();
  const [{ stream, state, tally }] = ways;
  const source = new GeneratedSource(bench.memory, stream);
  const verifier = new Verifier(
    bench.memory,
    new GeneratedChecker(bench.memory, stream, state, false),
    tally,
    bench.clock,
  );
  const [sender, receiver] = software;
  let made = 0;
  let received = 0;
  for (let turn = 0; turn < 2000 && received < FRAMES; turn++) {
    while (made < FRAMES) {
      const address = sender.pool.pop();
      if (address === undefined) break;
      const length = source.nextLength();
      source.render(address);
      if (sender.send([{ address, length, pool: sender.pool }]) === 1) made++;
      else throw new Error('the ring is full before the pool is empty');
      if (made % BATCH === 0) break;
    }
    work();
    for (const { address, length, pool } of receiver.receive(BATCH)) {
      verifier.frame(address, length, 0);
      pool.push(address);
      received++;
    }
  }
  verifier.publish();
  expect(readTally(bench.memory, tally)).toEqual({
    frames: FRAMES,
    octets: FRAMES * 60,
    damaged: 0,
    missing: 0,
    duplicated: 0,
    reordered: 0,
  });
  expect(sender.readStatistics()).toMatchObject({ sent: FRAMES, sentBytes: FRAMES * 64 });
  expect(receiver.readStatistics()).toMatchObject({ received: FRAMES, receivedBytes: FRAMES * 64 });
});
