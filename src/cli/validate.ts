import {
  type CampaignOptions,
  type CampaignProgress,
  type CampaignReport,
  FAULTS,
  runCampaign,
  traceSeed,
  UsageError,
} from '../testbed/index.ts';
import { counted, digits, grouped } from './format.ts';
import { junit } from './junit.ts';
import { LiveLine } from './live.ts';
import { asJson, outputTo, STDOUT } from './output.ts';
import { renderCampaign, renderCampaignVerdict } from './report/campaign.ts';
import { type Screen, screenOf } from './screen.ts';
import { stopOnSignals } from './signals.ts';
import { facts, widthOf } from './text.ts';
import { number } from './values.ts';

export interface ValidateFlags {
  readonly seeds?: string;
  readonly from?: string;
  readonly seed?: string;
  readonly trace?: boolean;
  readonly faults?: string;
  readonly driver?: string;
  readonly app?: string;
  readonly checker?: readonly string[];
  readonly shard?: string;
  readonly threads?: string;
  readonly json?: string;
  readonly junit?: string;
  readonly quiet?: boolean;
}

const MOST_SEEDS = 1e9;
const MOST_THREADS = 256;
/** Seeds are drawn as 32-bit numbers. */
const LAST_SEED = 2 ** 32 - 1;

/** Runs a campaign, or one seed, and sets the exit status by the verdict. */
export async function validate(flags: ValidateFlags): Promise<void> {
  const options = campaignOptions(flags);
  if (flags.trace === true) return traceOne(flags, options);
  // Tried before the campaign, so that a folder that is not there costs no time.
  const json = flags.json === undefined ? undefined : outputTo('--json', flags.json);
  const xml = flags.junit === undefined ? undefined : outputTo('--junit', flags.junit);
  const report = await watched(options, flags.quiet === true);
  json?.(asJson(report));
  xml?.(junit(report));
  const out = [flags.json, flags.junit].includes(STDOUT) ? process.stderr : process.stdout;
  const render = flags.quiet === true ? renderCampaignVerdict : renderCampaign;
  out.write(render(report, repeating(flags), screenOf(out)));
  process.exitCode = report.verdict === 'pass' ? 0 : 1;
}

/** Names of faults, with what each does. */
export function faultHelp({ columns }: Screen): string {
  return `\nFaults (--faults):\n${facts(Object.entries(FAULTS), columns - 2)
    .map((line) => `  ${line}`)
    .join('\n')}\n`;
}

/** The options that a command needs to come to the same scenarios. */
function repeating({ faults, driver, app, checker = [] }: ValidateFlags): string {
  return [
    ...(faults === undefined ? [] : [`--faults ${faults}`]),
    ...(driver === undefined ? [] : [`--driver ${quoted(driver)}`]),
    ...(app === undefined ? [] : [`--app ${quoted(app)}`]),
    ...checker.map((path) => `--checker ${quoted(path)}`),
  ]
    .map((option) => ` ${option}`)
    .join('');
}

/** As a shell takes it for one word. */
function quoted(path: string): string {
  return /^[\w./:@%+=,-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

function campaignOptions(flags: ValidateFlags): CampaignOptions {
  if (flags.seed !== undefined && (flags.seeds !== undefined || flags.from !== undefined))
    throw new UsageError('--seed names one seed; it goes neither with --seeds nor with --from');
  if (flags.trace === true && flags.seed === undefined)
    throw new UsageError('--trace shows one seed: name it by --seed');
  const faults = flags.faults === undefined ? undefined : faultNames(flags.faults);
  const one = flags.seed === undefined ? undefined : whole('--seed', flags.seed, 0, LAST_SEED);
  const seeds = one === undefined ? whole('--seeds', flags.seeds ?? '1000', 1, MOST_SEEDS) : 1;
  const from = one ?? whole('--from', flags.from ?? '0', 0, LAST_SEED);
  if (from + seeds - 1 > LAST_SEED)
    throw new UsageError(`--from ${from} --seeds ${seeds}: there is no seed beyond ${grouped(LAST_SEED)}`);
  return {
    seeds,
    from,
    ...(faults === undefined ? {} : { faults }),
    ...(flags.driver === undefined ? {} : { driver: flags.driver }),
    ...(flags.app === undefined ? {} : { app: flags.app }),
    ...(flags.checker === undefined ? {} : { checkers: flags.checker }),
    ...(flags.shard === undefined ? {} : { shard: shardOf(flags.shard) }),
    ...(flags.threads === undefined ? {} : { threads: whole('--threads', flags.threads, 1, MOST_THREADS) }),
  };
}

/** Each once. */
function faultNames(list: string): string[] {
  return [...new Set(list.split(',').filter((name) => name !== '' && name !== 'none'))];
}

function shardOf(text: string): { index: number; of: number } {
  const [, index, of] = /^(\d+)\/(\d+)$/.exec(text) ?? [];
  if (index === undefined || of === undefined)
    throw new UsageError(`--shard ${text}: give the number of a part and how many there are, as 1/4`);
  return { index: Number(index), of: Number(of) };
}

export function whole(flag: string, given: string, least: number, most: number): number {
  const value = number(given);
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new UsageError(`${flag} ${given}: must be a whole number from ${grouped(least)} to ${grouped(most)}`);
}

async function traceOne(flags: ValidateFlags, options: CampaignOptions): Promise<void> {
  if (flags.json !== undefined || flags.junit !== undefined)
    throw new UsageError('--trace prints text; it goes neither with --json nor with --junit');
  const { lines, violation } = await traceSeed(options.from ?? 0, options);
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = violation === undefined ? 0 : 1;
}

/** Progress goes to standard error: what is redirected holds the report alone. */
async function watched(options: CampaignOptions, quiet: boolean): Promise<CampaignReport> {
  const { stderr } = process;
  const live = stderr.isTTY && !quiet && process.env.TERM !== 'dumb' ? new LiveLine(stderr) : undefined;
  const stop = stopOnSignals(() => {
    live?.clear();
    if (!quiet) stderr.write('Ending the campaign; a second signal ends it without a report.\n');
  });
  try {
    return await runCampaign({
      ...options,
      signal: stop.signal,
      onProgress: (progress) =>
        live?.show(progress.elapsedMs, (screen) => renderCampaignProgress(progress, screen)),
    });
  } finally {
    stop.release();
    live?.clear();
  }
}

export function renderCampaignProgress(
  { seeds, total, elapsedMs, frames, requests, swaps, failed }: CampaignProgress,
  { columns, colors }: Screen,
): string {
  const share = `${Math.floor((seeds / total) * 100)} %`.padStart(5);
  const failures = failed === 0 ? 'none failed' : colors.red(`${grouped(failed)} failed`);
  const parts = [
    `${grouped(seeds)} of ${counted(total, 'seed')}`,
    failures,
    `${digits(seeds / (elapsedMs / 1000))} seeds/s`,
    counted(frames, 'frame'),
    ...(requests > 0 ? [counted(requests, 'request')] : []),
    counted(swaps, 'swap'),
  ];
  const line = (): string => `${share}  ${parts.join(' · ')}`;
  const tooLong = (): boolean => widthOf([line()]) > columns - 1;
  // The failures stand second and stay, however narrow the terminal is.
  while (parts.length > 2 && tooLong()) parts.pop();
  if (tooLong()) parts.shift();
  return line();
}
