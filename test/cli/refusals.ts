import { expect, it } from 'vitest';
import { ringswap } from './command.ts';

/** A run that would be noticed if it began: it does not end. */
export const RUN = ['run', '--frames', '1e12', '--size', '64'];

/** What is wrong, the command line that has it, and what the message says. */
export type Refusal = readonly [what: string, argv: readonly string[], ...said: readonly (string | RegExp)[]];

export function refuses(cases: readonly Refusal[]): void {
  for (const [what, argv, ...said] of cases) {
    it.concurrent(what, { timeout: 60_000 }, async () => {
      const { status, stdout, stderr } = await ringswap(argv);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      // Of a source that is wrong there is a line with a mark below.
      expect(stderr).toMatch(/^ringswap: [^\n]+\n( *\d+ \| [^\n]*\n +\| +\^\n)?$/);
      expect(stderr).not.toMatch(/undefined|\[object|internal error| {4}at /);
      for (const words of said)
        if (typeof words === 'string') expect(stderr).toContain(words);
        else expect(stderr).toMatch(words);
    });
  }
}
