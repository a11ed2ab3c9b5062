/** Where and when a report was made, and how much of the machine others took. */
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import manifest from '../package.json' with { type: 'json' };
import type { Environment } from './results.ts';

const WATCH_MS = 1000;

export function environmentBefore(): Environment {
  const [load] = loadavg();
  return {
    date: new Date().toISOString(),
    ringswap: manifest.version,
    node: process.version,
    v8: process.versions.v8,
    platform: `${platform()} ${release()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    load: [load, load],
    stolenMs: longestGapMs(),
  };
}

export function environmentAfter(before: Environment): Environment {
  return { ...before, load: [before.load[0], loadavg()[0]] };
}

/** Looks at the clock without end: where it leaps, somebody else had the core. */
function longestGapMs(): number {
  let longest = 0;
  const began = performance.now();
  for (let last = began, now = began; now < began + WATCH_MS; last = now) {
    now = performance.now();
    longest = Math.max(longest, now - last);
  }
  return longest;
}
