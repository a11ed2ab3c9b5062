import { Command, Option } from 'commander';
import manifest from '../../package.json' with { type: 'json' };
import { catalogueWith, readDump, Testbed } from '../testbed/index.ts';
import { type BenchFlags, bench } from './bench.ts';
import { type ConformFlags, conform } from './conform.ts';
import {
  BENCH_EXAMPLES,
  BENCH_STATUS,
  CONFORM_STATUS,
  EXAMPLES,
  EXIT_STATUS,
  FORMS,
  SERVE_EXAMPLES,
} from './help.ts';
import { type InspectFlags, renderDump, selected } from './inspect.ts';
import { renderList } from './list.ts';
import { type ScenarioFlags, scenarioFromFlags } from './options.ts';
import { asJson } from './output.ts';
import { renderPlan } from './plan.ts';
import { type RunFlags, run } from './run.ts';
import { screenOf } from './screen.ts';
import { type ServeFlags, serve } from './serve.ts';
import { faultHelp, type ValidateFlags, validate } from './validate.ts';

const repeatable = (value: string, before: readonly string[] = []) => [...before, value];

export function program(): Command {
  const root = new Command('ringswap')
    .description('Changes a driver while its device is busy, and proves that no frame and no block suffers.')
    .version(manifest.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(oneLine(text)) })
    .addHelpText('after', EXIT_STATUS);
  scenarioOptions(root.command('run'))
    .summary('run traffic, swap drivers under it, report')
    .description(
      'Runs a scenario on emulated 82599 cards and NVMe disks and reports what was lost: nothing, or what and where.',
    )
    .optionsGroup('While it runs:')
    .option(
      '--interactive',
      'take commands from standard input: swap, upgrade, status, help, quit; without --frames or --duration, until then',
    )
    .optionsGroup('Output:')
    .option(
      '--json <file>',
      'write the report as JSON too; - is standard output, which then holds nothing else',
    )
    .option('--quiet', 'print the verdict line alone')
    .addHelpText('after', FORMS + EXAMPLES + EXIT_STATUS)
    .action((flags: RunFlags) => run(flags));
  scenarioOptions(root.command('plan'))
    .summary('print the steps of the swaps, run nothing')
    .description(
      'Prints the steps of each swap that `run` would do with the same options, and their undoing.',
    )
    .addHelpText('after', FORMS)
    .action(async (flags: ScenarioFlags) => {
      const swaps = await new Testbed(scenarioFromFlags(flags)).plan();
      print(renderPlan(swaps, screenOf(process.stdout)));
    });
  validateCommand(root);
  conformCommand(root);
  benchCommand(root);
  serveCommand(root);
  root
    .command('list')
    .summary('list devices, drivers, applications, parameters, formats')
    .description('Lists devices, drivers with their parameters, applications and formats.')
    .argument('[files...]', 'driver modules of yours, to be listed too')
    .option('--json', 'as JSON')
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const all = await catalogueWith(files);
      print(json === true ? asJson(all) : renderList(all, screenOf(process.stdout)));
    });
  root
    .command('inspect')
    .summary('show registers, state block and rings of a dump')
    .description('Shows registers, state block and rings from the file that `run --dump FILE` wrote.')
    .argument('<file>', 'the dump')
    .option('--nic <name>', 'this card alone')
    .option('--registers', 'the registers alone')
    .option('--rings', 'the rings alone')
    .option('--json', 'as JSON, whole cards')
    .action((file: string, flags: InspectFlags & { json?: boolean }) => {
      const dump = selected(readDump(file), flags.nic);
      print(flags.json === true ? asJson(dump) : renderDump(dump, flags, screenOf(process.stdout)));
    });
  return root;
}

function validateCommand(root: Command): void {
  root
    .command('validate')
    .summary('run seeded scenarios on virtual time, find broken drivers and swaps')
    .description(
      'Runs scenarios drawn from seeds on virtual time, in which any access to shared memory may be interrupted ' +
        'by the other side or by a fault, and looks at every invariant after every step.',
    )
    .optionsGroup('Scenarios:')
    .option('--seeds <n>', 'how many seeds (default: 1000)')
    .option('--from <seed>', 'the first of them (default: 0)')
    .option('--seed <seed>', 'this one alone; a failure is shown in its smallest form')
    .option('--trace', 'with --seed: print everything that happens in it')
    .option('--faults <names>', 'faults that may strike, NAME,...; none for none (default: all)')
    .option('--shard <i/n>', 'the i-th of n parts of the seeds, for several machines')
    .option('--threads <n>', 'threads to use (default: one a core)')
    .optionsGroup('Your own:')
    .option('--driver <file>', 'a driver module that scenarios are to be about')
    .option('--app <file>', 'an application module, in place of the built-in ones')
    .addOption(
      new Option('--checker <file>', 'a checker module, beside the built-in ones; repeatable').argParser(
        repeatable,
      ),
    )
    .optionsGroup('Output:')
    .option('--json <file>', 'write the report as JSON too; - is standard output')
    .option('--junit <file>', 'write it as JUnit XML too; - is standard output')
    .option('--quiet', 'print the verdict alone')
    .addHelpText('after', () => faultHelp(screenOf(process.stdout)) + EXIT_STATUS)
    .action((flags: ValidateFlags) => validate(flags));
}

function conformCommand(root: Command): void {
  root
    .command('conform')
    .summary('does a driver keep the contract? point by point, with advice')
    .description(
      'Looks into a driver point by point: what it declares, how it is made, started, stopped and handed over; ' +
        'then in seeded scenarios on virtual time, alone and swapped with each built-in driver, without faults and with them.',
    )
    .argument('<driver>', 'the file of a driver module, or the name of a built-in driver')
    .option('--seeds <n>', 'seeds for each point that runs scenarios (default: 100)')
    .option('--from <seed>', 'the first of them (default: 0)')
    .option('--point <name>', 'this point alone')
    .option('--threads <n>', 'threads to use (default: one a core)')
    .option('--json <file>', 'write the report as JSON too; - is standard output')
    .addHelpText('after', CONFORM_STATUS)
    .action((driver: string, flags: ConformFlags) => conform(driver, flags));
}

function benchCommand(root: Command): void {
  root
    .command('bench')
    .summary('measure speed, latency and what swaps cost; compare with an older run')
    .description(
      'Measures drivers and swaps, each figure beside a control of the same run, and holds them against the goals of ' +
        'the project. Figures are medians with their spread; the ledger is on in all of it.',
    )
    .argument('[names...]', 'benches to run (default: all, in about 15 minutes on two cores)')
    .option('--quick', 'less and less often, in about 2 minutes: to see that all works, not to quote')
    .option('--compare <file>', 'say what got better or worse than noise allows since this JSON report')
    .option('--list', 'list the benches, run nothing')
    .optionsGroup('Output:')
    .option('--json <file>', 'write the report as JSON too; - is standard output')
    .option('--html <file>', 'write it as one page with plots too, for a browser, without a network')
    .addHelpText('after', BENCH_EXAMPLES + BENCH_STATUS)
    .action((names: string[], flags: BenchFlags) => bench(names, flags));
}

function serveCommand(root: Command): void {
  root
    .command('serve')
    .summary('serve an emulated disk to real clients, swap its drivers meanwhile')
    .description(
      'Serves an emulated NVMe disk over the network block device protocol, while its drivers are swapped. Ends with a ' +
        'report on Ctrl-C or SIGTERM.',
    )
    .command('nbd', { isDefault: true })
    .summary('over NBD')
    .description('Serves a disk over NBD until Ctrl-C or SIGTERM, then reports.')
    .option('--disk <disk>', 'the disk, NAME[,size=1G][,media=FILE][,key=value...] (default: nvme0)')
    .option('--driver <driver>', 'starting driver, NAME[:key=value,...] (default: interrupt)')
    .optionsGroup('Where clients come, one of:')
    .option('--socket <path>', 'a Unix socket')
    .option('--port <n>', 'a TCP port of the loopback interface; 0 for any that is free')
    .option('--host <address>', 'with --port: another interface; anyone who reaches it can read and write')
    .optionsGroup('Swaps:')
    .addOption(
      new Option('--swap <swap>', 'one swap, at=TIME,to=DRIVER[,key=value...]; repeatable').argParser(
        repeatable,
      ),
    )
    .option('--swap-every <time>', 'swap at this interval through all pairs of drivers, TIME[,key=value...]')
    .optionsGroup('Output:')
    .option('--seed <n>', 'repeat what is drawn by lot, 0 to 4294967295 (default: a new one)')
    .option('--json <file>', 'write the report as JSON too; - is standard output')
    .option('--quiet', 'print the verdict line alone')
    .addHelpText('after', SERVE_EXAMPLES + EXIT_STATUS)
    .action((flags: ServeFlags) => serve(flags));
}

function scenarioOptions(command: Command): Command {
  return command
    .optionsGroup('Machine:')
    .addOption(
      new Option('--nic <card>', 'a card, NAME[,key=value...]; repeatable (default: eth0)').argParser(
        repeatable,
      ),
    )
    .addOption(
      new Option(
        '--disk <disk>',
        'a disk, NAME[,key=value...]; repeatable (then no card by default)',
      ).argParser(repeatable),
    )
    .option(
      '--driver <driver>',
      'starting driver of cards (of disks, if it drives these or there is no card), NAME[:key=value,...] (default: interrupt)',
    )
    .option('--app <app>', 'what the host does with frames: sink, echo, forward, or a module (default: sink)')
    .option('--memory <bytes>', 'DMA memory: 64M, 1G, ... in powers of 1024 (default: what is needed)')
    .optionsGroup('Traffic, for each card that has none of its own:')
    .option('--capture <file>', 'replay a pcap or pcapng file in rounds (default: real LAN traffic)')
    .option('--size <bytes>', 'generate frames of 64 to 9216 bytes on the wire, FCS included, or imix')
    .option('--flows <n>', 'flows of generated frames, 1 to 65536 (default: 16)')
    .option('--rate <pps>', 'frames per second (250k, 1M), max, recorded, or recorded*F (default: max)')
    .option('--link <kind>', 'lossless: PAUSE is honoured; open: overruns are lost (default: lossless)')
    .optionsGroup('Requests, for each disk that has none of its own:')
    .option('--rw <kind>', 'randread, randwrite, randrw, read or write (default: randrw)')
    .option('--bs <bytes>', 'bytes of a request, 512 to 1M: 4k, 64k (default: 4k)')
    .option('--iodepth <n>', 'requests kept outstanding (default: 32)')
    .option('--rwmixread <percent>', 'reads of randrw (default: 50)')
    .option('--verify <on|off>', 'check each block that is read (default: on)')
    .optionsGroup('Length of the run (default: 1s):')
    .option('--frames <n>', 'frames offered to each card, requests to each disk: 5M, 20_000_000')
    .option('--duration <time>', 'or how long they are offered: 250us, 500ms, 5s, 1m')
    .option('--standby', 'a second CPU stands by, and goes on if the first one ends')
    .optionsGroup('Swaps:')
    .addOption(
      new Option('--swap <swap>', 'one swap, at=TIME,to=DRIVER[,key=value...]; repeatable').argParser(
        repeatable,
      ),
    )
    .option('--swap-every <time>', 'swap at this interval through all pairs of drivers, TIME[,key=value...]')
    .optionsGroup('Scenario and files:')
    .option(
      '--scenario <file>',
      'read all of this from JSON; options given beside it override its top-level keys',
    )
    .option('--seed <n>', 'repeat what is drawn by lot, 0 to 4294967295 (default: a new one)')
    .option('--pcap-out <file>', 'record the links as pcapng, with the swaps as comments')
    .option('--dump <file>', 'keep registers, rings and state blocks for `ringswap inspect`');
}

/** Commander's `error: ...` and its suggestion on a second line, as one message in the style of all others. */
function oneLine(text: string): string {
  return `ringswap: ${text
    .trim()
    .replace(/^error: /, '')
    .replace(/\n\((.*)\)$/, ' ($1)')
    .replace('Did you', 'did you')}\n`;
}

function print(text: string): void {
  process.stdout.write(text);
}
