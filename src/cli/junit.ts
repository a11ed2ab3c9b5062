import type { CampaignReport } from '../testbed/index.ts';

/** JUnit's XML, as continuous integration reads it: a case for each seed that failed, and one for all others. */
export function junit({ from, seeds, failedSeeds, failures, elapsedMs }: CampaignReport): string {
  const failed = failedSeeds.map((seed) => {
    const known = failures.find((failure) => failure.seed === seed);
    const message = known === undefined ? 'an invariant was broken' : `${known.invariant}: ${known.message}`;
    return [
      `  <testcase classname="ringswap.validate" name="seed ${seed}">`,
      `    <failure message="${escaped(message)}">${escaped(known?.events.join('\n') ?? '')}</failure>`,
      '  </testcase>',
    ].join('\n');
  });
  const passed = seeds - failedSeeds.length;
  const rest = `  <testcase classname="ringswap.validate" name="${passed} of the ${seeds} seeds from ${from}"/>`;
  const cases = passed > 0 ? [...failed, rest] : failed;
  const seconds = (elapsedMs / 1000).toFixed(3);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuite name="ringswap validate" tests="${cases.length}" failures="${failed.length}" time="${seconds}">`,
    ...cases,
    '</testsuite>',
    '',
  ].join('\n');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
