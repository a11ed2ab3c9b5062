import { beforeEach, describe, expect, test } from 'vitest';
import {
  EIAC,
  EIAM,
  EICR,
  EICR_LSC,
  EICS,
  EIMC,
  EIMS,
  GPIE,
  GPIE_EIAME,
  GPIE_MULTIPLE_MSIX,
  GPIE_OCD,
  IVAR_MISC,
  IVAR_VALID,
  ivar,
} from '../../../src/hw/nic/datasheet.ts';
import { Bench, type BenchCard, testFrame } from '../bench-card.ts';
import { RxRing, TxRing } from '../bench-rings.ts';

let bench: Bench;
let card: BenchCard;

beforeEach(() => {
  bench = new Bench();
  [card] = bench.cards;
  card.start();
  card.write(GPIE, GPIE_MULTIPLE_MSIX | GPIE_EIAME);
  card.read(EICR); // the link that came up
  for (let vector = 0; vector < 16; vector++) card.port.connectVector(vector, 0, 32 + vector);
});

/** Steps, and tells which vectors fired. */
function fired(): number[] {
  card.step();
  return bench.interrupts().map((line) => line - 32);
}

function arrive(mark = 1): void {
  card.arrive(testFrame(mark));
}

describe('causes', () => {
  test('a cause fires its vector once while it stands', () => {
    card.write(EIMS, 0b100);
    card.write(EICS, 0b100);
    expect(fired()).toEqual([2]);
    expect(fired()).toEqual([]);
    expect(card.nic.registers.get(EICR)).toBe(0b100);
  });

  test('a masked cause stands in EICR and fires when EIMS lets it', () => {
    card.write(EICS, 0b1000);
    expect(fired()).toEqual([]);
    expect(card.nic.registers.get(EICR)).toBe(0b1000);
    card.write(EIMS, 0b1000);
    expect(fired()).toEqual([3]);
  });

  test('EIMC takes the mask bits of its ones away and no others', () => {
    card.write(EIMS, 0b1110);
    card.write(EIMC, 0b0100);
    expect(card.read(EIMS)).toBe(0b1010);
    card.write(EICS, 0b1110);
    expect(fired()).toEqual([1, 3]);
  });

  test('a cause that was cleared and set again fires again', () => {
    card.write(EIMS, 1);
    card.write(EICS, 1);
    expect(fired()).toEqual([0]);
    card.write(EICR, 1);
    expect(fired()).toEqual([]);
    card.write(EICS, 1);
    expect(fired()).toEqual([0]);
  });

  test('a cause that was cleared and comes anew between two steps of the card fires again', () => {
    card.route(0, 0);
    card.port.connectVector(0, 0, 32);
    card.write(EIMS, 1);
    new RxRing(card, 0).start();
    for (let round = 0; round < 3; round++) {
      arrive();
      expect(fired()).toEqual([0]);
      expect(card.read(EICR)).toBe(1);
    }
  });

  test('a cause still standing fires again after its mask bit was taken away and given back', () => {
    card.write(EIMS, 1);
    card.write(EICS, 1);
    expect(fired()).toEqual([0]);
    card.write(EIMC, 1);
    expect(fired()).toEqual([]);
    card.write(EIMS, 1);
    expect(fired()).toEqual([0]);
  });

  test('several causes at once fire all of their vectors', () => {
    card.write(EIMS, 0xffff);
    card.write(EICS, 0x8421);
    expect(fired()).toEqual([0, 5, 10, 15]);
  });
});

describe('EIAC and EIAM', () => {
  test('a cause clears itself when it fires, where EIAC says so', () => {
    card.write(EIAC, 0b01);
    card.write(EIMS, 0b11);
    card.write(EICS, 0b11);
    expect(fired()).toEqual([0, 1]);
    expect(card.nic.registers.get(EICR)).toBe(0b10);
  });

  test('a mask bit clears itself when its cause fires, where EIAM says so', () => {
    card.write(EIAC, 0b11);
    card.write(EIAM, 0b01);
    card.write(EIMS, 0b11);
    card.write(EICS, 0b11);
    expect(fired()).toEqual([0, 1]);
    expect(card.read(EIMS)).toBe(0b10);
  });

  test('EIAM does nothing without GPIE.EIAME', () => {
    card.write(GPIE, GPIE_MULTIPLE_MSIX);
    card.write(EIAM, 1);
    card.write(EIMS, 1);
    card.write(EICS, 1);
    expect(fired()).toEqual([0]);
    expect(card.read(EIMS)).toBe(1);
  });

  test('a cause that fired and cleared itself fires again, even before the card has looked round', () => {
    card.write(EIAC, 1);
    card.write(EIMS, 1);
    for (let round = 0; round < 3; round++) {
      card.write(EICS, 1);
      expect(fired()).toEqual([0]);
    }
  });

  test('a cause whose mask bit cleared itself fires again when unmasked, even before the card has looked round', () => {
    card.write(EIAM, 1);
    card.write(EIMS, 1);
    card.write(EICS, 1);
    expect(fired()).toEqual([0]);
    card.write(EIMS, 1);
    expect(fired()).toEqual([0]);
  });
});

describe('reading EICR', () => {
  beforeEach(() => {
    card.write(EICS, EICR_LSC | 0b11);
  });

  test('clears everything without GPIE.OCD', () => {
    expect(card.read(EICR)).toBe(EICR_LSC | 0b11);
    expect(card.read(EICR)).toBe(0);
  });

  test('clears what is no queue’s with GPIE.OCD', () => {
    card.write(GPIE, GPIE_OCD);
    expect(card.read(EICR)).toBe(EICR_LSC | 0b11);
    expect(card.read(EICR)).toBe(0b11);
  });

  test('writing ones clears them one by one', () => {
    card.write(EICR, 0b01);
    expect(card.read(EICR)).toBe(EICR_LSC | 0b10);
  });
});

describe('IVAR', () => {
  test.each([0, 1, 6, 7])(
    'what queue %i receives and sends goes to the vectors of its two bytes',
    (queue) => {
      const entry = IVAR_VALID | 9 | ((IVAR_VALID | 4) << 8);
      card.write(ivar(queue), entry << ((queue & 1) * 16));
      card.write(EIMS, 0xffff);
      const transmit = new TxRing(card, queue).start();
      transmit.put(testFrame(1));
      transmit.doorbell();
      expect(fired()).toEqual([4]);
      if (queue !== 0) return; // frames without a hash go to queue 0
      new RxRing(card, queue).start();
      arrive();
      expect(fired()).toEqual([9]);
    },
  );

  test('an entry that is not valid fires nothing', () => {
    card.write(ivar(0), 9 | (4 << 8));
    card.write(EIMS, 0xffff);
    const receive = new RxRing(card, 0).start();
    arrive();
    expect(fired()).toEqual([]);
    expect(receive.at(0).done).toBe(true);
    expect(card.nic.registers.get(EICR)).toBe(0);
  });

  test('two queues may share a vector: both of them fire it', () => {
    card.route(0, 7);
    card.route(1, 7);
    card.port.connectVector(7, 0, 39);
    card.write(EIMS, 1 << 7);
    card.write(EIAC, 0xffff);
    new RxRing(card, 0).start();
    arrive();
    expect(fired()).toEqual([7]);
    const transmit = new TxRing(card, 1).start();
    transmit.put(testFrame(1));
    transmit.doorbell();
    expect(fired()).toEqual([7]);
  });

  test('a burst of frames is one interrupt, and the frames are in the ring by then', () => {
    card.route(0, 0);
    card.port.connectVector(0, 0, 32);
    card.write(EIMS, 1);
    card.write(EIAC, 1);
    const receive = new RxRing(card, 0).start();
    card.arrive(testFrame(1), testFrame(2), testFrame(3));
    expect(fired()).toEqual([0]);
    expect(receive.marks).toEqual([1, 2, 3]);
    expect(fired()).toEqual([]);
  });

  test('frames that nobody asked a report of fire nothing', () => {
    card.route(0, 0);
    card.write(EIMS, 1);
    const transmit = new TxRing(card, 0).start();
    transmit.putRaw(transmit.buffers.address, 60 | (1 << 24) | (1 << 25)); // EOP and IFCS, no RS
    transmit.doorbell();
    expect(fired()).toEqual([]);
    expect(card.wire.sent).toHaveLength(1);
  });
});

describe('link status change', () => {
  beforeEach(() => {
    card.write(IVAR_MISC, (IVAR_VALID | 12) << 8);
    card.write(EIMS, EICR_LSC);
  });

  test('fires the vector of IVAR_MISC when the link goes and when it comes back', () => {
    card.nic.setCarrier(false, card.nowUs);
    expect(fired()).toEqual([12]);
    expect(card.read(EICR)).toBe(EICR_LSC);
    card.step();
    card.nic.setCarrier(true, card.nowUs);
    expect(fired()).toEqual([]);
    card.after(1000);
    expect(fired()).toEqual([12]);
  });

  test('without an entry in IVAR_MISC it stands in EICR, fires nothing, and lets the card sleep', () => {
    card.write(IVAR_MISC, 0);
    card.nic.setCarrier(false, card.nowUs);
    expect(fired()).toEqual([]);
    expect(card.nic.registers.get(EICR)).toBe(EICR_LSC);
    expect(card.nic.hasWork(card.nowUs)).toBe(false);
  });
});

describe('a vector masked in the MSI-X table', () => {
  test('fires once when it is unmasked, whatever happened meanwhile', () => {
    card.write(EIMS, 1);
    card.write(EIAC, 1);
    card.port.maskVector(0);
    for (let round = 0; round < 3; round++) {
      card.write(EICS, 1);
      expect(fired()).toEqual([]);
    }
    card.port.connectVector(0, 0, 32);
    expect(card.nic.hasWork(card.nowUs)).toBe(true);
    expect(fired()).toEqual([0]);
    expect(fired()).toEqual([]);
  });
});
