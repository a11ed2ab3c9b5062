/** NBD servers, each a process on a socket of its own. All but the one that is measured stand still. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Report } from '../../src/testbed/index.ts';
import { ledgerOf } from '../ledger.ts';
import type { LedgerResult } from '../results.ts';
import { builtFile } from '../worker-url.ts';
import type { Started, Workplace } from './workplace.ts';

const LOOK_MS = 20;

export class Server {
  readonly uri: string;
  private readonly name: string;
  private readonly started: Started;

  private constructor(name: string, socket: string, started: Started) {
    this.name = name;
    this.uri = `nbd+unix:///?socket=${socket}`;
    this.started = started;
  }

  /** Resolves when a client can come; rejects when the process ends instead. */
  static async start(
    workplace: Workplace,
    name: string,
    command: string,
    argv: (socket: string) => readonly string[],
  ): Promise<Server> {
    const socket = workplace.path(`${name}.sock`);
    const started = workplace.start(command, argv(socket));
    const server = new Server(name, socket, started);
    let ended = false;
    const end = started.ended.finally(() => {
      ended = true;
    });
    while (!(await Promise.race([answers(socket), end.then(() => false)]))) {
      if (ended) throw server.failure(await started.ended);
      await sleep(LOOK_MS);
    }
    server.pause();
    return server;
  }

  pause(): void {
    this.started.process.kill('SIGSTOP');
  }

  resume(): void {
    this.started.process.kill('SIGCONT');
  }

  /** Ends it, orderly. Returns its exit status. */
  async end(): Promise<number | null> {
    this.resume();
    this.started.process.kill('SIGTERM');
    return this.started.ended;
  }

  failure(status: number | null): Error {
    const { out, error } = this.started.said;
    return new Error(`${this.name} ended with status ${status}: ${error}${out}`);
  }
}

/** `ringswap serve nbd`: its ledger is in the report that it writes in the end. */
export class ServedDisk {
  readonly server: Server;
  private readonly report: string;

  private constructor(server: Server, report: string) {
    this.server = server;
    this.report = report;
  }

  static async start(
    workplace: Workplace,
    name: string,
    size: string,
    more: readonly string[],
  ): Promise<ServedDisk> {
    const cli = fileURLToPath(builtFile('cli'));
    const report = workplace.path(`${name}.json`);
    const argv = ['--disk', `nvme0,size=${size}`, '--json', report, '--quiet', ...more];
    const server = await Server.start(workplace, name, process.execPath, (socket) => [
      cli,
      'serve',
      'nbd',
      '--socket',
      socket,
      ...argv,
    ]);
    return new ServedDisk(server, report);
  }

  async end(): Promise<LedgerResult> {
    const status = await this.server.end();
    if (status !== 0 && status !== 1) throw this.server.failure(status);
    const report: Report = JSON.parse(readFileSync(this.report, 'utf8'));
    return {
      ...ledgerOf(report),
      verdict: status === 0 ? 'pass' : 'fail',
      of: 'request',
      frames: Object.values(report.devices).reduce(
        (sum, device) => sum + (device.kind === 'disk' ? device.completed : 0),
        0,
      ),
    };
  }
}

export function startNbdkit(workplace: Workplace, size: string): Promise<Server> {
  const argv = ['--foreground', '--exit-with-parent'];
  return Server.start(workplace, 'nbdkit', 'nbdkit', (socket) => [...argv, '--unix', socket, 'memory', size]);
}

/** Does somebody listen there? */
async function answers(socket: string): Promise<boolean> {
  const probe = connect(socket);
  try {
    await once(probe, 'connect');
    return true;
  } catch {
    return false; // not yet
  } finally {
    probe.destroy();
  }
}
