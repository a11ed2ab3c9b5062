/** A part of the table: the checkers find planted bugs, and find nothing where none is planted. */
import { describe, expect, it } from 'vitest';
import { ROOT } from './apply.ts';
import { BUGS } from './bugs.ts';
import { hunt } from './hunt.ts';

const SEEDS = 3000;
/** Of each part, device to swap; the whole table is `npm run sabotage`. */
const EVERY = 9;
const SAMPLE = BUGS.filter((_, i) => i % EVERY === 0);
const HARMLESS = {
  name: 'none',
  part: 'swap',
  file: 'src/swap/probation.ts',
  edits: [{ find: 'if (served > 0) this.bursts++;', replace: 'if (served > 0) this.bursts += 1;' }],
  says: 'nothing',
  interleaved: false,
} as const;

const HARMLESS_ON_THREADS = {
  name: 'none',
  part: 'host',
  file: 'src/exec/threads/cpu-thread.ts',
  edits: [
    {
      find: '    while (tenure.holder !== number) {\n',
      replace: '    while (number !== tenure.holder) {\n',
    },
  ],
  says: 'nothing',
  interleaved: false,
  onThreads: true,
} as const;

describe('planted bugs', () => {
  it.each(SAMPLE)('$name: found', async (bug) => {
    expect(await hunt(bug, { from: 0, seeds: SEEDS }, ROOT)).toMatchObject({
      invariant: expect.any(String),
    });
  });

  it('a change that is none is not found', async () => {
    expect(await hunt(HARMLESS, { from: 0, seeds: 300 }, ROOT)).toBeUndefined();
  });

  it('nor is one on threads', async () => {
    expect(await hunt(HARMLESS_ON_THREADS, { from: 0, seeds: 1 }, ROOT)).toBeUndefined();
  });
});
