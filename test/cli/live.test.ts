import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LiveLine, renderProgress } from '../../src/cli/live.ts';
import { screen } from '../../src/cli/screen.ts';
import type { Progress } from '../../src/testbed/index.ts';

const PROGRESS: Progress = {
  elapsedMs: 2400,
  offered: 2_100_000,
  delivered: 2_099_000,
  total: 5_000_000,
  durationMs: undefined,
  mpps: 1.02,
  swaps: 87,
  lost: 0,
};

/** A terminal that keeps what is written to it. */
function terminal() {
  const written: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written.push(String(chunk));
      done();
    },
  });
  return {
    written,
    stream: Object.assign(stream, { columns: 80, isTTY: true }) as unknown as NodeJS.WriteStream,
  };
}

describe('the live line', () => {
  it('shows how far the run is, by frames or by time', () => {
    const bar = `${'━'.repeat(10)}${'─'.repeat(15)}`;
    expect(renderProgress(PROGRESS, screen(80))).toBe(
      ` 42 %  ${bar}  2.40 s · 1.02 Mpps · 87 swaps · 0 frames lost`,
    );
    const timed = { ...PROGRESS, total: undefined, durationMs: 4800 };
    expect(renderProgress(timed, screen(80))).toMatch(/^ 50 %/);
    expect(renderProgress({ ...timed, durationMs: undefined }, screen(80))).toMatch(/^2\.40 s/);
  });

  it.each([40, 50, 80, 110])('is shorter than a terminal of %i columns', (columns) => {
    const far = { ...PROGRESS, elapsedMs: 86_400_000, mpps: 123_456, swaps: 123_456_789, lost: 987_654_321 };
    for (const progress of [PROGRESS, far]) {
      expect(renderProgress(progress, screen(columns)).length).toBeLessThan(columns);
    }
  });

  it('waits a second, keeps to ten times a second, and clears away', () => {
    let now = 0;
    const { stream, written } = terminal();
    const live = new LiveLine(stream, () => now);
    for (; now < 1000; now += 50) live.update({ ...PROGRESS, elapsedMs: now });
    live.clear();
    expect(written).toEqual([]);
    for (; now < 2000; now += 50) live.update({ ...PROGRESS, elapsedMs: now });
    expect(written).toHaveLength(10);
    live.clear();
    live.clear();
    expect(written).toHaveLength(11);
    expect(written.at(-1)).toBe('\r\x1b[K');
  });
});
