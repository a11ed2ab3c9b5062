/** A disk for real clients: an NBD server before an emulated disk, whose drivers may be exchanged meanwhile. */
import { DiskBackend } from '../exec/nbd/disk-backend.ts';
import { type ListenAddress, NbdServerError } from '../exec/nbd/listen.ts';
import { NbdServer } from '../exec/nbd/server.ts';
import { ThreadedMachine } from '../exec/threads/machine.ts';
import { MAX_TRANSFER_BYTES } from '../hw/nvme/datasheet.ts';
import { buildMachine } from './build.ts';
import { drive } from './drive.ts';
import { UsageError } from './errors.ts';
import { makeReport } from './make-report.ts';
import type { Report } from './report.ts';
import { resolveRun } from './resolve.ts';
import type { DiskScenario, Scenario } from './scenario.ts';
import { blameStart, openBooks } from './testbed.ts';
import { validateScenario } from './validate.ts';

export type { ListenAddress };

/** Requests of all clients that the disk has at once; the server queues the rest. A power of two. */
const REQUESTS = 256;

export interface ServeScenario {
  readonly disk: DiskScenario;
  readonly swaps?: Scenario['swaps'];
  readonly swapEvery?: Scenario['swapEvery'];
  readonly seed?: number;
}

export interface ServeOptions {
  readonly address: ListenAddress;
  /** Ends the service: requests that are there are finished, then the report is made. */
  readonly signal: AbortSignal;
  /** Clients may come, to this URI. */
  readonly onListening?: (uri: string) => void;
  /** A client was dropped, and why. */
  readonly onDropped?: (reason: string) => void;
}

/** Rejects with UsageError when the scenario, the media or the address will not do. */
export async function serveNbd(given: ServeScenario, options: ServeOptions): Promise<Report> {
  const { disk, ...rest } = given;
  const scenario = validateScenario({ disks: [disk], ...rest }, 'scenario');
  const books = await openBooks(scenario);
  const resolved = resolveRun(scenario, books);
  const remote = { requests: REQUESTS, transferBytes: MAX_TRANSFER_BYTES };
  const run = {
    ...resolved,
    durationUs: Number.POSITIVE_INFINITY,
    disks: resolved.disks.map((found) => ({ ...found, remote })),
  };
  const { memory, layout } = buildMachine(run, scenario);
  const machine = await ThreadedMachine.start(memory, layout, {
    timed: run.timed,
    round: run.round,
    driverModules: books.drivers.modules,
    applicationModules: [],
    pcapOut: undefined,
    wantsDump: false,
    takesOrders: false,
  }).catch((error: unknown) => blameStart(error, run));
  try {
    const results = await serve(machine, options);
    return makeReport(layout, results, [], books.drivers.own);
  } finally {
    await machine.kill();
  }
}

async function serve(machine: ThreadedMachine, { address, signal, ...told }: ServeOptions) {
  const [disk] = machine.layout.disks;
  if (disk.client.kind !== 'remote') throw new Error(`${disk.name} is served to nobody`);
  const { regions, options } = disk.client;
  const backend = new DiskBackend(machine.memory, disk, regions, options.transferBytes, () =>
    machine.wakeCpu(),
  );
  const ending = new AbortController();
  const driving = drive(machine, { signal: ending.signal });
  driving.catch(() => undefined); // awaited below; the server is closed first
  let server: NbdServer | undefined;
  try {
    server = await NbdServer.start({
      served: { name: disk.name, description: `ringswap ${disk.name}`, backend },
      address,
      ...(told.onDropped === undefined ? {} : { onDropped: told.onDropped }),
    }).catch(refuse);
    told.onListening?.(server.uri);
    await Promise.race([aborted(signal), driving]);
    await Promise.race([server.close(), driving]);
  } finally {
    backend.close(); // of a machine that ended by itself: no client waits for it
    await server?.close();
    ending.abort();
  }
  return { ...(await driving), interrupted: false }; // the end of a service is its proper one
}

function refuse(error: unknown): never {
  if (error instanceof NbdServerError) throw new UsageError(error.message);
  throw error;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
