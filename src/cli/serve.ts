import { type ListenAddress, type Scenario, serveNbd, UsageError } from '../testbed/index.ts';
import { scenarioFromFlags } from './options.ts';
import { asJson, outputTo, STDOUT } from './output.ts';
import { renderReport, renderVerdict } from './report.ts';
import { screenOf } from './screen.ts';
import { stopOnSignals } from './signals.ts';

export interface ServeFlags {
  readonly disk?: string;
  readonly driver?: string;
  readonly socket?: string;
  readonly port?: string;
  readonly host?: string;
  readonly swap?: readonly string[];
  readonly swapEvery?: string;
  readonly seed?: string;
  readonly json?: string;
  readonly quiet?: boolean;
}

/** Serves until Ctrl-C or SIGTERM, reports, and sets the exit status by the verdict. */
export async function serve(flags: ServeFlags): Promise<void> {
  const address = addressOf(flags);
  const { disk, swaps, swapEvery, seed } = scenarioOf(flags);
  const json = flags.json === undefined ? undefined : outputTo('--json', flags.json);
  const say = (text: string) => {
    if (flags.quiet !== true) process.stderr.write(`${text}\n`);
  };
  const stop = stopOnSignals(() =>
    say('Ending: what is outstanding is finished; a second signal ends at once.'),
  );
  try {
    const report = await serveNbd(
      {
        disk,
        ...(swaps === undefined ? {} : { swaps }),
        ...(swapEvery === undefined ? {} : { swapEvery }),
        ...(seed === undefined ? {} : { seed }),
      },
      {
        address,
        signal: stop.signal,
        onListening: (uri) => say(`Serving ${disk.name} at ${uri}`),
        onDropped: (reason) => say(`A client was dropped: ${reason}`),
      },
    );
    json?.(asJson(report));
    const out = flags.json === STDOUT ? process.stderr : process.stdout;
    out.write((flags.quiet === true ? renderVerdict : renderReport)(report, screenOf(out)));
    process.exitCode = report.verdict === 'pass' ? 0 : 1;
  } finally {
    stop.release();
  }
}

function scenarioOf({ disk = 'nvme0', driver, swap, swapEvery, seed }: ServeFlags) {
  const withDriver = driver === undefined ? disk : `${disk},driver=${driver.replace(':', ',')}`;
  const scenario: Scenario = scenarioFromFlags({
    disk: [withDriver],
    ...(swap === undefined ? {} : { swap }),
    ...(swapEvery === undefined ? {} : { swapEvery }),
    ...(seed === undefined ? {} : { seed }),
  });
  const [found] = scenario.disks ?? [];
  if (found === undefined) throw new UsageError(`--disk ${disk}: gives no disk`);
  return { ...scenario, disk: found };
}

/** Throws UsageError unless it is told where to listen, once. */
function addressOf({ socket, port, host }: ServeFlags): ListenAddress {
  if ((socket === undefined) === (port === undefined))
    throw new UsageError('give --socket PATH or --port N: where clients are to come');
  if (socket !== undefined) {
    if (host !== undefined) throw new UsageError('--host goes with --port; a socket has a path alone');
    return { path: socket };
  }
  const number = Number(port);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new UsageError(`--port ${port} is no port: give a number from 0, for any that is free, to 65535`);
  return { port: number, ...(host === undefined ? {} : { host }) };
}
