/** Where servers and clients of a bench run: a folder, and processes that all end with this one, however it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What ends a process without its `exit` event, unless it is listened to. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A process of the bench: what it has said so far, and its exit status when it has ended; null: a signal ended it. */
export interface Started {
  readonly process: ChildProcess;
  readonly said: { out: string; error: string };
  readonly ended: Promise<number | null>;
}

export class Workplace {
  private readonly folder = mkdtempSync(join(tmpdir(), 'ringswap-bench-'));
  private readonly running = new Set<ChildProcess>();
  private readonly clear = () => {
    // A process that stands still takes this signal too.
    for (const child of this.running) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  };
  private readonly leave = () => process.exit(1);

  constructor() {
    process.once('exit', this.clear);
    for (const signal of SIGNALS) process.once(signal, this.leave);
    process.once('disconnect', this.leave); // whoever asked for figures is no more
  }

  /** Nothing is left of it. */
  close(): void {
    this.clear();
    process.off('exit', this.clear);
    for (const signal of SIGNALS) process.off(signal, this.leave);
    process.off('disconnect', this.leave);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  start(command: string, argv: readonly string[]): Started {
    const child = spawn(command, argv, { stdio: ['ignore', 'pipe', 'pipe'], cwd: this.folder });
    const said = { out: '', error: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said.out += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said.error += text;
    });
    this.running.add(child);
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (status) => {
        this.running.delete(child);
        resolve(status);
      });
    });
    ended.catch(() => undefined); // for whoever awaits it
    return { process: child, said, ended };
  }
}
