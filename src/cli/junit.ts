import type { CampaignReport } from '../testbed/index.ts';

/** JUnit's XML, as continuous integration reads it: a case for each seed that failed, and one for all others. */
export function junit({ from, seeds, failedSeeds, failures, elapsedMs }: CampaignReport): string {
  const failed = failedSeeds.map((seed) => {
    const known = failures.find((failure) => failure.seed === seed);
    const message = known === undefined ? 'an invariant was broken' : `${known.invariant}: ${known.message}`;
    return [
      `  <testcase classname="ringswap.validate" name="seed ${seed}">`,
      `    <failure message="${escaped(message).replaceAll('\n', '&#10;')}">${escaped(known?.events.join('\n') ?? '')}</failure>`,
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

/** What XML has no characters for is left out: a driver may throw anything. */
function escaped(text: string): string {
  return [...text]
    .filter((character) => isXml(character.codePointAt(0) ?? 0))
    .join('')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

function isXml(code: number): boolean {
  if (code < 0x20) return code === 0x09 || code === 0x0a || code === 0x0d;
  return !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff;
}
