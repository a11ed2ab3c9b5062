import { type ConformPoint, runConform } from '../testbed/index.ts';
import { asJson, outputTo, STDOUT } from './output.ts';
import { conformHeading, conformLine, renderConform } from './report/conform.ts';
import { screenOf } from './screen.ts';
import { whole } from './validate.ts';

export interface ConformFlags {
  readonly seeds?: string;
  readonly from?: string;
  readonly point?: string;
  readonly threads?: string;
  readonly json?: string;
}

const MOST_SEEDS = 1e6;
const MOST_THREADS = 256;
const LAST_SEED = 2 ** 32 - 1;

/** Prints a line for each point as it is answered, then what went wrong; sets the exit status by the verdict. */
export async function conform(driver: string, flags: ConformFlags): Promise<void> {
  const seeds = whole('--seeds', flags.seeds ?? '100', 1, MOST_SEEDS);
  const from = whole('--from', flags.from ?? '0', 0, LAST_SEED);
  // Tried before anything is run, so that a folder that is not there costs no time.
  const json = flags.json === undefined ? undefined : outputTo('--json', flags.json);
  const out = flags.json === STDOUT ? process.stderr : process.stdout;
  const screen = screenOf(out);
  let heading = conformHeading(driver, seeds, from, screen);
  const report = await runConform({
    driver,
    seeds,
    from,
    ...(flags.point === undefined ? {} : { point: flags.point }),
    ...(flags.threads === undefined ? {} : { threads: whole('--threads', flags.threads, 1, MOST_THREADS) }),
    onPoint: (point: ConformPoint) => {
      out.write(heading + conformLine(point, screen));
      heading = ''; // with the first point: a driver that cannot be loaded has none
    },
  });
  out.write(renderConform(report, driver, screen));
  json?.(asJson(report));
  process.exitCode = report.verdict === 'pass' ? 0 : 1;
}
