import { describe, expect, it } from 'vitest';
import { Collected, idsOf, valuesOf } from '../../bench/collect.ts';
import type { TimedTurns } from '../../bench/drain/messages.ts';
import { beyondNs, Trials, typicalNs } from '../../bench/drain/trials.ts';
import { Pace } from '../../bench/pace.ts';

type Turn = readonly [ns: number, frames: number];

/** The core at its own pace takes 1,000 ns for the gauge, and 200 to fetch what the other one wrote. */
function trial(turns: readonly Turn[], gaugeNs = 1000, fetchNs = 200): TimedTurns {
  return {
    ns: Float64Array.from(turns, ([ns]) => ns),
    frames: Int32Array.from(turns, ([, frames]) => frames),
    gaugeNs: new Float64Array(turns.length).fill(gaugeNs),
    fetchNs: new Float64Array(turns.length).fill(fetchNs),
  };
}

function turns(ns: number, count: number): Turn[] {
  return Array.from({ length: count }, () => [ns, 100]);
}

function trialsOf(trials: Readonly<Record<string, readonly TimedTurns[]>>): Trials<TimedTurns> {
  const made = new Trials<TimedTurns>(Object.keys(trials), new Pace());
  for (const [name, own] of Object.entries(trials)) for (const each of own) made.add(name, each);
  return made;
}

describe('nanoseconds a frame', () => {
  it('are the median of the turns, whatever one of them took', () => {
    const three: readonly Turn[] = [[1000, 100], [2000, 100], [1e9, 100]]; // biome-ignore format: a turn beside the other
    expect(typicalNs(trial(three))).toBe(20);
  });

  it('beyond the turns around are what single turns took, not a stretch of them, nor what somebody else took', () => {
    const thirty = turns(1000, 30);
    expect(beyondNs(trial(thirty))).toBe(0);
    expect(beyondNs(trial([...thirty, [5000, 100], ...turns(1000, 20), [1500, 50]]))).toBe(5000);
    expect(beyondNs(trial([...thirty, ...thirty, ...turns(2000, 60)]))).toBe(0);
    expect(beyondNs(trial([...thirty, [1e6, 100]]))).toBe(0);
  });
});

describe('trials', () => {
  const quiet = trial(turns(1000, 30));

  it('count by turns in which the cores kept their pace, however few those are', () => {
    const neighbour = trial(turns(1700, 100), 1600);
    const farApart = trial(turns(2000, 100), 1000, 800);
    const trials = trialsOf({ own: [neighbour, quiet, farApart], base: [trial(turns(500, 30))] });
    expect(trials.ns('own')).toBe(10);
    const collected = new Collected();
    trials.recordRatio(collected, 'ratio', 'own', 'base');
    expect(collected.values).toEqual({ ratio: [0.5] });
    expect(trials.settled('own')).toBe(true);
    expect(trials.timed).toEqual({ all: 260, undisturbed: 60 });
  });

  it('where cores hardly ever kept it count by all turns, and say so', () => {
    const trials = trialsOf({ own: [trial(turns(1700, 100), 1600), trial(turns(1000, 3))], base: [quiet] });
    expect(trials.settled('own')).toBe(false);
    expect(trials.ns('own')).toBe(17);
    const collected = new Collected();
    trials.recordRatio(collected, 'ratio', 'own', 'base');
    trials.recordNs(collected, 'base', 'base');
    expect(collected.values).toEqual({ base: [10] });
    expect(collected.disturbed).toEqual({ ratio: [10 / 17] });
  });

  it('that two cells have of a like kind are set against each other: at their own pace, else beside a neighbour', () => {
    const beside = (ns: number) => trial(turns(ns, 30), 1600, 300);
    const trials = trialsOf({
      own: [beside(1700), trial(turns(5000, 100), 1000, 800)],
      base: [quiet, beside(1500)],
      both: [trial(turns(1250, 30)), beside(2000)],
    });
    const collected = new Collected();
    trials.recordRatio(collected, 'own', 'own', 'base');
    trials.recordRatio(collected, 'both', 'both', 'base');
    expect(collected.values).toEqual({ both: [0.8] });
    expect(collected.disturbed).toEqual({ own: [15 / 17] });
    expect(collected.shared).toEqual({ own: [15 / 17], both: [0.75] });
  });

  it('on cores far apart are of no kind, with a neighbour or without', () => {
    const far = [trial(turns(1700, 30), 1000, 500), trial(turns(1700, 30), 1600, 700)];
    const trials = trialsOf({ own: [quiet], far });
    const collected = new Collected();
    trials.recordNs(collected, 'far', 'far');
    expect(collected).toMatchObject({ values: {}, disturbed: { far: [17] }, shared: {} });
  });

  it('know from another process what the pace could be', () => {
    const pace = new Pace();
    const trials = new Trials<TimedTurns>(['own'], pace);
    trials.add('own', trial(turns(1700, 100), 1600));
    expect(trials.settled('own')).toBe(true);
    pace.know({ gaugeNs: 1000, fetchNs: 200 });
    expect(trials.settled('own')).toBe(false);
  });
});

describe('values of several processes', () => {
  it('that were disturbed count only where there are no better ones', () => {
    const processes = [false, true, false].map((disturbed, i) => {
      const collected = new Collected();
      collected.value('some', i, disturbed);
      collected.value('all', i, true);
      return collected.complete();
    });
    expect(valuesOf(processes, 'some')).toEqual([0, 2]);
    expect(valuesOf(processes, 'all')).toEqual([0, 1, 2]);
    expect(idsOf(processes)).toEqual(['some', 'all']);
  });

  it('are made when all turns of the process are over', () => {
    const collected = new Collected();
    const pace = new Pace();
    collected.later(() => collected.value('pace', pace.known.gaugeNs));
    pace.know({ gaugeNs: 1000 });
    expect(collected.complete().values).toEqual({ pace: [1000] });
  });
});
