import type { Report } from '../testbed/index.ts';
import { Testbed } from '../testbed/index.ts';
import { LiveLine } from './live.ts';
import { type ScenarioFlags, scenarioFromFlags } from './options.ts';
import { asJson, outputTo, STDOUT } from './output.ts';
import { renderReport, renderVerdict } from './report.ts';
import { screenOf } from './screen.ts';
import { stopOnSignals } from './signals.ts';

export interface RunFlags extends ScenarioFlags {
  readonly json?: string;
  readonly quiet?: boolean;
}

/** Runs, reports, and sets the exit status by the verdict. */
export async function run(flags: RunFlags): Promise<void> {
  const testbed = new Testbed(scenarioFromFlags(flags));
  // Tried before the run, so that a folder that is not there costs no run.
  const json = flags.json === undefined ? undefined : outputTo('--json', flags.json);
  const report = await watched(testbed, flags.quiet === true);
  json?.(asJson(report));
  const out = flags.json === STDOUT ? process.stderr : process.stdout;
  out.write((flags.quiet === true ? renderVerdict : renderReport)(report, screenOf(out)));
  process.exitCode = report.verdict === 'pass' ? 0 : 1;
}

/** Progress and notices go to standard error: what is redirected holds the report alone. */
async function watched(testbed: Testbed, quiet: boolean): Promise<Report> {
  const { stderr } = process;
  const live = stderr.isTTY && !quiet && process.env.TERM !== 'dumb' ? new LiveLine(stderr) : undefined;
  const say = (text: string) => {
    live?.clear();
    if (!quiet) stderr.write(`${text}\n`);
  };
  const stop = stopOnSignals(() => say('Ending the run; a second signal ends it without a report.'));
  try {
    return await testbed.run({
      signal: stop.signal,
      onNotice: say,
      onProgress: (progress) => live?.update(progress),
    });
  } finally {
    stop.release();
    live?.clear();
  }
}
