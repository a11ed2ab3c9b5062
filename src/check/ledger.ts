/** The books of a run: what was offered, delivered, dropped and sent back must balance, frame by frame. */
import type { Anomaly, TallyName } from '../hw/link/verifier.ts';

export type Invariant =
  | 'delivery'
  | 'order'
  | 'damage'
  | 'conservation'
  | 'transmit'
  | 'lossless'
  | 'buffers'
  | 'interrupts'
  | 'isolation'
  | 'promise'
  | 'driver';

export const INVARIANTS: readonly Invariant[] = [
  'delivery',
  'order',
  'damage',
  'conservation',
  'transmit',
  'lossless',
  'buffers',
  'interrupts',
  'isolation',
  'driver',
];

export interface Violation {
  readonly invariant: Invariant;
  readonly device: string;
  readonly queue?: number;
  readonly flow?: number;
  readonly sequence?: number;
  readonly message: string;
  /** When it was seen, if that is known; microseconds of the machine's clock. */
  readonly timeUs?: number;
}

/**
 * What is known of one card. `offered` comes from the link, `delivered` from application memory, `dropped`
 * from the card's registers and probes and from what a reset threw away: none is derived from another.
 */
export interface CardFacts {
  readonly name: string;
  readonly lossless: boolean;
  readonly offered: number;
  readonly delivered: Readonly<Record<TallyName, number>>;
  readonly deliveredAnomalies: readonly Anomaly[];
  readonly dropped: Readonly<Record<string, number>>;
  /** A reset was asked for, which may cost frames on any link. */
  readonly wasReset: boolean;
  /** What left the card, and how much should have: undefined where nothing is sent. */
  readonly returned: Readonly<Record<TallyName, number>>;
  readonly returnedAnomalies: readonly Anomaly[];
  readonly accepted: number | undefined;
}

export interface CardBalance {
  /** Frames offered that neither were delivered nor have a drop counter. */
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  readonly damaged: number;
  readonly violations: readonly Violation[];
}

export function balance(facts: CardFacts): CardBalance {
  const { delivered, returned } = facts;
  const dropped = Object.values(facts.dropped).reduce((sum, count) => sum + count, 0);
  const missing = facts.offered - (delivered.frames - delivered.duplicated) - dropped;
  const unsent = facts.accepted === undefined ? 0 : facts.accepted - (returned.frames - returned.duplicated);
  const violations = [
    ...named(facts, facts.deliveredAnomalies, 'received', missing > 0),
    ...unnamed(facts, missing, 'delivery', 'received'),
    ...wideGaps(facts, dropped + Math.max(0, missing)),
    ...losslessDrops(facts, dropped),
    ...named(facts, facts.returnedAnomalies, 'sent', unsent > 0),
    ...unnamed(facts, unsent, 'transmit', 'sent'),
  ];
  return {
    lost: Math.max(0, missing) + Math.max(0, unsent),
    duplicated: delivered.duplicated + returned.duplicated,
    reordered: delivered.reordered + returned.reordered,
    damaged: delivered.damaged + returned.damaged,
    violations,
  };
}

type Side = 'received' | 'sent';

/** Anomalies that were seen frame by frame. A gap is one only if frames are missing without a drop counter. */
function named(facts: CardFacts, anomalies: readonly Anomaly[], side: Side, gapsCount: boolean): Violation[] {
  return anomalies
    .filter((anomaly) => anomaly.kind !== 'missing' || gapsCount)
    .map((anomaly) => ({
      invariant: invariantOf(anomaly, side),
      device: facts.name,
      queue: anomaly.queue,
      ...(anomaly.flow < 0 ? {} : { flow: anomaly.flow }),
      sequence: anomaly.sequence,
      message: sentence(anomaly, side),
      timeUs: anomaly.timeUs,
    }));
}

function invariantOf(anomaly: Anomaly, side: Side): Invariant {
  if (side === 'sent') return 'transmit';
  if (anomaly.kind === 'damaged') return 'damage';
  return anomaly.kind === 'missing' ? 'delivery' : 'order';
}

function sentence({ kind, flow, sequence, count }: Anomaly, side: Side): string {
  const verb = side === 'received' ? 'delivered' : 'sent';
  const frame = flow < 0 ? 'a frame of no known flow' : `frame ${sequence} of flow ${flow}`;
  if (kind === 'missing')
    return `${frame}${count > 1 ? ` and ${count - 1} behind it` : ''} was never ${verb}`;
  if (kind === 'duplicated') return `${frame} was ${verb} twice`;
  if (kind === 'reordered') return `${frame} was ${verb} after a later one`;
  return `${frame} was ${verb} damaged`;
}

/** What the sums say and no single frame does: frames lost at the end, or more of them than there were. */
function unnamed(facts: CardFacts, missing: number, invariant: Invariant, side: Side): Violation[] {
  const anomalies = side === 'received' ? facts.deliveredAnomalies : facts.returnedAnomalies;
  if (missing < 0)
    return [
      {
        invariant: 'conservation',
        device: facts.name,
        message: `${-missing} frames more were ${side} than there are`,
      },
    ];
  const gaps = anomalies.reduce((sum, anomaly) => sum + (anomaly.kind === 'missing' ? anomaly.count : 0), 0);
  if (missing === 0 || gaps >= missing) return [];
  const what =
    side === 'received'
      ? 'offered frames were neither delivered nor counted as dropped'
      : 'accepted frames were never sent';
  return [{ invariant, device: facts.name, message: `${missing} ${what}` }];
}

/** In order, the gaps in the flows add up to what is missing. Where they are wider, frames came out of order. */
function wideGaps(facts: CardFacts, gone: number): Violation[] {
  const { missing, reordered } = facts.delivered;
  if (missing - reordered <= gone) return [];
  const message = `gaps of ${missing - reordered} frames in the flows, but only ${gone} are gone: frames came out of order`;
  return [{ invariant: 'order', device: facts.name, message }];
}

function losslessDrops(facts: CardFacts, dropped: number): Violation[] {
  if (!facts.lossless || facts.wasReset || dropped === 0) return [];
  const reasons = Object.entries(facts.dropped)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => `${reason} ${count}`);
  return [
    {
      invariant: 'lossless',
      device: facts.name,
      message: `frames were dropped on a lossless link: ${reasons.join(', ')}`,
    },
  ];
}
