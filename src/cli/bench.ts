import { readFileSync } from 'node:fs';
import {
  BENCHES,
  type BenchReport,
  compareReports,
  htmlReport,
  readReport,
  runBenches,
} from '../../bench/index.ts';
import { UsageError } from '../testbed/index.ts';
import { didYouMean } from '../testbed/suggest.ts';
import { timeSpan } from './format.ts';
import { LiveLine } from './live.ts';
import { asJson, outputTo, STDOUT } from './output.ts';
import { renderBench } from './report/bench.ts';
import { worse } from './report/comparison.ts';
import { type Screen, screenOf } from './screen.ts';
import { stopOnSignals } from './signals.ts';
import { facts } from './text.ts';

export interface BenchFlags {
  readonly quick?: boolean;
  readonly json?: string;
  readonly html?: string;
  readonly compare?: string;
  readonly list?: boolean;
}

const SHOWN_EVERY_MS = 500;
/** As shells have it for a process ended by Ctrl-C. */
const EXIT_INTERRUPTED = 130;

/** Runs benches, reports, and sets the exit status: by the ledgers, and by what got worse. Goals do not decide it. */
export async function bench(given: readonly string[], flags: BenchFlags): Promise<void> {
  if (flags.list === true) {
    process.stdout.write(renderBenchList(screenOf(process.stdout)));
    return;
  }
  const names = benchNames(given);
  const quick = flags.quick === true;
  const old = flags.compare === undefined ? undefined : oldReport(flags.compare, quick);
  // Tried before the run, which takes minutes.
  const json = flags.json === undefined ? undefined : outputTo('--json', flags.json);
  const html = flags.html === undefined ? undefined : outputTo('--html', flags.html);
  const report = await watched(names, quick);
  if (report === undefined) {
    process.exitCode = EXIT_INTERRUPTED;
    return;
  }
  json?.(asJson(report));
  const comparison = old === undefined ? undefined : compareReports(old, report);
  html?.(htmlReport(report, comparison));
  const out = [flags.json, flags.html].includes(STDOUT) ? process.stderr : process.stdout;
  out.write(renderBench(report, comparison, screenOf(out)));
  const slower = comparison !== undefined && worse(comparison).length > 0;
  process.exitCode = report.verdict === 'fail' || slower ? 1 : 0;
}

export function renderBenchList({ columns }: Screen): string {
  const entries = BENCHES.map(({ name, title, summary }): [string, string] => [name, `${title}. ${summary}`]);
  return `${facts(entries, columns).join('\n')}\n`;
}

/** Each once, in the order of the list; all where none is named. */
function benchNames(given: readonly string[]): string[] {
  const known = BENCHES.map(({ name }) => name);
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined)
    throw new UsageError(
      `there is no bench ${unknown}${didYouMean(unknown, known)}; there are ${known.join(', ')}`,
    );
  return given.length === 0 ? known : known.filter((name) => given.includes(name));
}

function oldReport(path: string, quick: boolean): BenchReport {
  const refused = (error: unknown) =>
    new UsageError(`--compare ${path}: ${error instanceof Error ? error.message : String(error)}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw refused(error);
  }
  let report: BenchReport;
  try {
    report = readReport(text);
  } catch (error) {
    throw error instanceof UsageError ? refused(error) : error;
  }
  if (report.quick !== quick)
    throw refused(
      report.quick
        ? 'is of a quick run; give --quick to compare with it'
        : 'is of a full run; leave --quick away to compare with it',
    );
  return report;
}

/** Progress goes to standard error: what is redirected holds the report alone. */
async function watched(names: readonly string[], quick: boolean): Promise<BenchReport | undefined> {
  const { stderr } = process;
  const live = stderr.isTTY && process.env.TERM !== 'dumb' ? new LiveLine(stderr) : undefined;
  const start = performance.now();
  let doing = '';
  // What is measured may take long: the time goes on beside it.
  const shown = setInterval(() => {
    const elapsedMs = performance.now() - start;
    live?.show(elapsedMs, ({ columns }) => `${timeSpan(elapsedMs)}  ${doing}`.slice(0, columns - 1));
  }, SHOWN_EVERY_MS);
  const stop = stopOnSignals(() => {
    live?.clear();
    stderr.write('Ending the benches, without a report.\n');
  });
  try {
    return await runBenches({
      names,
      quick,
      signal: stop.signal,
      onProgress: (text) => {
        doing = text;
      },
    });
  } catch (error) {
    if (stop.signal.aborted) return undefined;
    throw error;
  } finally {
    clearInterval(shown);
    stop.release();
    live?.clear();
  }
}
