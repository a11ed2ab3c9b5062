import type { Report, Scenario } from '../testbed/index.ts';
import { Testbed } from '../testbed/index.ts';
import { type Streams, takeCommands } from './interactive/session.ts';
import { LiveLine } from './live.ts';
import { type ScenarioFlags, scenarioFromFlags } from './options.ts';
import { asJson, outputTo, STDOUT } from './output.ts';
import { renderReport, renderVerdict } from './report.ts';
import { screenOf } from './screen.ts';
import { stopOnSignals } from './signals.ts';

export interface RunFlags extends ScenarioFlags {
  readonly interactive?: boolean;
  readonly json?: string;
  readonly quiet?: boolean;
}

/** Runs, reports, and sets the exit status by the verdict. */
export async function run(flags: RunFlags): Promise<void> {
  const scenario = scenarioFromFlags(flags);
  // Tried before the run, so that a folder that is not there costs no run.
  const json = flags.json === undefined ? undefined : outputTo('--json', flags.json);
  const out = flags.json === STDOUT ? process.stderr : process.stdout;
  const quiet = flags.quiet === true;
  const report =
    flags.interactive === true
      ? await conversed(scenario, quiet, { input: process.stdin, output: out })
      : await watched(scenario, quiet);
  json?.(asJson(report));
  out.write((quiet ? renderVerdict : renderReport)(report, screenOf(out)));
  process.exitCode = report.verdict === 'pass' ? 0 : 1;
}

/** Progress and notices go to standard error: what is redirected holds the report alone. */
async function watched(scenario: Scenario, quiet: boolean): Promise<Report> {
  const { stderr } = process;
  const live = stderr.isTTY && !quiet && process.env.TERM !== 'dumb' ? new LiveLine(stderr) : undefined;
  const say = (text: string) => {
    live?.clear();
    if (!quiet) stderr.write(`${text}\n`);
  };
  const stop = stopOnSignals(() => say('Ending the run; a second signal ends it without a report.'));
  try {
    return await new Testbed(scenario).run({
      signal: stop.signal,
      onNotice: say,
      onProgress: (progress) => live?.update(progress),
    });
  } finally {
    stop.release();
    live?.clear();
  }
}

/** A run that is told what to do while it goes on. Where it has no end of its own, it ends with its commands. */
async function conversed(scenario: Scenario, quiet: boolean, streams: Streams): Promise<Report> {
  const say = (text: string) => {
    if (!quiet) process.stderr.write(`${text}\n`);
  };
  const stop = stopOnSignals(() => say('Ending the run; a second signal ends it without a report.'));
  try {
    const running = await new Testbed(scenario).start({ signal: stop.signal, onNotice: say });
    const quit = await takeCommands(running, streams);
    const endless = scenario.frames === undefined && scenario.duration === undefined;
    return await (quit || endless ? running.stop() : running.finished);
  } finally {
    stop.release();
  }
}
