/** The books: each kind of violation is named, with device, queue, flow and sequence number. */
import { describe, expect, it } from 'vitest';
import { balance, type CardFacts, INVARIANTS } from '../../src/check/ledger.ts';
import type { Anomaly, TallyName } from '../../src/hw/link/verifier.ts';

function tally(frames: number, more: Partial<Record<TallyName, number>> = {}): Record<TallyName, number> {
  return { frames, octets: frames * 60, damaged: 0, missing: 0, duplicated: 0, reordered: 0, ...more };
}

/** A card in order: 1000 frames echoed. */
function facts(more: Partial<CardFacts> = {}): CardFacts {
  return {
    name: 'eth0',
    lossless: true,
    offered: 1000,
    delivered: tally(1000),
    deliveredAnomalies: [],
    dropped: { fifoOverflow: 0, queue: 0 },
    wasReset: false,
    returned: tally(1000),
    returnedAnomalies: [],
    accepted: 1000,
    ...more,
  };
}

function anomaly(kind: Anomaly['kind'], count = 1): Anomaly {
  return { kind, queue: 3, flow: 7, sequence: 42, count, timeUs: 99 };
}

const WHERE = { device: 'eth0', queue: 3, flow: 7, sequence: 42, timeUs: 99 };

describe('the balance of a card', () => {
  it('is clean when every frame was delivered and sent back', () => {
    expect(balance(facts())).toEqual({ lost: 0, duplicated: 0, reordered: 0, damaged: 0, violations: [] });
  });

  it('is clean for a sink, of which nothing is to come back', () => {
    expect(balance(facts({ accepted: undefined, returned: tally(0) })).violations).toEqual([]);
  });

  it('is clean on an open link when every loss has a counter, and gaps are no violation then', () => {
    const { lost, violations } = balance(
      facts({
        lossless: false,
        delivered: tally(900, { missing: 100 }),
        deliveredAnomalies: [anomaly('missing', 100)],
        dropped: { fifoOverflow: 60, queue: 40 },
        accepted: 900,
        returned: tally(900, { missing: 100 }),
        returnedAnomalies: [anomaly('missing', 100)],
      }),
    );
    expect(violations).toEqual([]);
    expect(lost).toBe(0);
  });

  it('names a frame that was lost, by its flow and number', () => {
    const { lost, violations } = balance(
      facts({
        delivered: tally(999, { missing: 1 }),
        deliveredAnomalies: [anomaly('missing')],
        accepted: undefined,
      }),
    );
    expect(lost).toBe(1);
    expect(violations).toEqual([
      { invariant: 'delivery', ...WHERE, message: 'frame 42 of flow 7 was never delivered' },
    ]);
  });

  it('says how many were lost in a row', () => {
    const { violations } = balance(
      facts({
        delivered: tally(995, { missing: 5 }),
        deliveredAnomalies: [anomaly('missing', 5)],
        accepted: undefined,
      }),
    );
    expect(violations[0].message).toBe('frame 42 of flow 7 and 4 behind it was never delivered');
  });

  it('finds frames lost at the end, which no later one shows', () => {
    const { lost, violations } = balance(facts({ delivered: tally(990), accepted: undefined }));
    expect(lost).toBe(10);
    expect(violations).toEqual([
      {
        invariant: 'delivery',
        device: 'eth0',
        message: '10 offered frames were neither delivered nor counted as dropped',
      },
    ]);
  });

  it('names a frame delivered twice, and does not let it stand for a lost one', () => {
    const { lost, duplicated, violations } = balance(
      facts({
        delivered: tally(1000, { duplicated: 1 }),
        deliveredAnomalies: [anomaly('duplicated')],
        accepted: undefined,
      }),
    );
    expect([lost, duplicated]).toEqual([1, 1]);
    expect(violations.map(({ message }) => message)).toEqual([
      'frame 42 of flow 7 was delivered twice',
      '1 offered frames were neither delivered nor counted as dropped',
    ]);
    expect(violations[0]).toMatchObject({ invariant: 'order', ...WHERE });
  });

  it('names a frame that came after a later one', () => {
    const { lost, reordered, violations } = balance(
      facts({
        delivered: tally(1000, { missing: 1, reordered: 1 }),
        deliveredAnomalies: [anomaly('missing'), anomaly('reordered')],
        accepted: undefined,
      }),
    );
    expect([lost, reordered]).toEqual([0, 1]);
    expect(violations).toEqual([
      { invariant: 'order', ...WHERE, message: 'frame 42 of flow 7 was delivered after a later one' },
    ]);
  });

  it('names a damaged frame, also one whose flow cannot be told any more', () => {
    const nobody = { ...anomaly('damaged'), flow: -1 };
    const { damaged, violations } = balance(
      facts({
        delivered: tally(1000, { damaged: 2 }),
        deliveredAnomalies: [anomaly('damaged'), nobody],
        accepted: undefined,
      }),
    );
    expect(damaged).toBe(2);
    expect(violations[0]).toEqual({
      invariant: 'damage',
      ...WHERE,
      message: 'frame 42 of flow 7 was delivered damaged',
    });
    expect(violations[1]).toMatchObject({ message: 'a frame of no known flow was delivered damaged' });
    expect(violations[1]).not.toHaveProperty('flow');
  });

  it('names drops on a lossless link with their reasons and counts', () => {
    const { lost, violations } = balance(
      facts({
        delivered: tally(990),
        accepted: 990,
        returned: tally(990),
        dropped: { fifoOverflow: 7, queue: 3, linkDown: 0 },
      }),
    );
    expect(lost).toBe(0);
    expect(violations).toEqual([
      {
        invariant: 'lossless',
        device: 'eth0',
        message: 'frames were dropped on a lossless link: fifoOverflow 7, queue 3',
      },
    ]);
  });

  it('lets a reset that was asked for drop frames on any link', () => {
    const { violations } = balance(
      facts({
        delivered: tally(990, { missing: 10 }),
        accepted: 985,
        returned: tally(985),
        dropped: { discardedByReset: 10 },
        wasReset: true,
      }),
    );
    expect(violations).toEqual([]);
  });

  it('names a frame that was accepted and never sent', () => {
    const { lost, violations } = balance(
      facts({ returned: tally(999, { missing: 1 }), returnedAnomalies: [anomaly('missing')] }),
    );
    expect(lost).toBe(1);
    expect(violations).toEqual([
      { invariant: 'transmit', ...WHERE, message: 'frame 42 of flow 7 was never sent' },
    ]);
  });

  it('finds accepted frames that were not sent at the end', () => {
    expect(balance(facts({ returned: tally(998) })).violations).toEqual([
      { invariant: 'transmit', device: 'eth0', message: '2 accepted frames were never sent' },
    ]);
  });

  it.each(['damaged', 'duplicated', 'reordered'] as const)('charges what was sent %s to transmit', (kind) => {
    const { violations } = balance(
      facts({
        returned: tally(1000 + (kind === 'duplicated' ? 1 : 0), { [kind]: 1 }),
        returnedAnomalies: [anomaly(kind)],
      }),
    );
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({ invariant: 'transmit', ...WHERE });
  });

  it('finds more delivered than there were, and more sent than were accepted', () => {
    expect(
      balance(facts({ delivered: tally(1003), accepted: 1003, returned: tally(1003) })).violations,
    ).toEqual([
      { invariant: 'conservation', device: 'eth0', message: '3 frames more were received than there are' },
    ]);
    expect(balance(facts({ returned: tally(1001) })).violations).toEqual([
      { invariant: 'conservation', device: 'eth0', message: '1 frames more were sent than there are' },
    ]);
  });

  it('does not let a drop counter that counts too much hide behind a delivered frame', () => {
    const { violations } = balance(facts({ lossless: false, dropped: { queue: 5 } }));
    expect(violations).toEqual([
      { invariant: 'conservation', device: 'eth0', message: '5 frames more were received than there are' },
    ]);
  });

  it('finds frames out of order by the sum of the gaps alone', () => {
    const { violations } = balance(
      facts({
        lossless: false,
        delivered: tally(990, { missing: 30 }),
        dropped: { fifoOverflow: 10 },
        accepted: undefined,
      }),
    );
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatchObject({ invariant: 'order', device: 'eth0' });
  });

  it('knows each of its invariants once', () => {
    expect(new Set(INVARIANTS).size).toBe(INVARIANTS.length);
  });
});
