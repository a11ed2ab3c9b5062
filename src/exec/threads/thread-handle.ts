/** A thread as the main thread sees it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { CpuStart, HardwareStart, StandbyOrder, ThreadMessage } from './messages.ts';
import { workerUrl } from './worker-url.ts';

/** A thread ended by an error of its own; `name` is the name of the error there. */
export class ThreadFailure extends Error {
  constructor(name: string, message: string, stack: string) {
    super(message);
    this.name = name;
    this.stack = stack;
  }
}

/** A thread takes over the process's flags, and this one forbids an entry that is a file. */
const FLAGS = process.execArgv.some((flag) => flag.startsWith('--input-type')) ? { execArgv: [] } : {};

export class ThreadHandle<R> {
  readonly ready: Promise<void>;
  readonly finished: Promise<R>;
  readonly failed: Promise<never>;
  /** Its thread is no more: it makes no store after this. */
  readonly exited: Promise<void>;
  /** Its result has come, and it steps no more. */
  ended = false;
  /** It has said that it failed, or is no more without a result. */
  broken = false;
  private readonly worker: Worker;

  constructor(name: 'hw' | 'cpu', start: HardwareStart | CpuStart, transfer: readonly MessagePort[]) {
    this.worker = new Worker(workerUrl(name), {
      workerData: start,
      transferList: [...transfer],
      name: `ringswap ${name}`,
      ...FLAGS,
    });
    const { worker } = this;
    this.exited = new Promise((resolve) => worker.on('exit', () => resolve()));
    this.failed = new Promise<never>((_, fail) => {
      const reject = (error: Error): void => {
        this.broken = true;
        fail(error);
      };
      worker.on('message', (message: ThreadMessage<R>) => {
        if (message.kind === 'failed')
          reject(new ThreadFailure(message.name, message.message, message.stack));
        if (message.kind === 'finished') this.ended = true;
      });
      worker.on('error', reject);
      worker.on('exit', (code) => {
        if (!this.ended)
          reject(
            new ThreadFailure('ThreadExit', `the ${name} thread ended by itself with exit code ${code}`, ''),
          );
      });
    });
    this.failed.catch(() => undefined); // raced against; nobody may be listening when it is over
    const message = <T>(pick: (message: ThreadMessage<R>) => T | undefined): Promise<T> =>
      Promise.race([
        this.failed,
        new Promise<T>((resolve) => {
          worker.on('message', (received: ThreadMessage<R>) => {
            const picked = pick(received);
            if (picked !== undefined) resolve(picked);
          });
        }),
      ]);
    this.ready = message((received) => (received.kind === 'ready' ? true : undefined)).then(() => undefined);
    this.finished = message((received) => (received.kind === 'finished' ? received.result : undefined));
    this.ready.catch(() => undefined);
    this.finished.catch(() => undefined);
  }

  send(message: StandbyOrder): void {
    this.worker.postMessage(message);
  }

  /** The next message of a kind. Rejects when the thread ends before it comes. */
  next<K extends ThreadMessage<R>['kind']>(kind: K): Promise<Extract<ThreadMessage<R>, { kind: K }>> {
    const { worker } = this;
    return new Promise((resolve, reject) => {
      const onMessage = (message: ThreadMessage<R>): void => {
        if (message.kind !== kind) return;
        worker.off('message', onMessage);
        resolve(message as Extract<ThreadMessage<R>, { kind: K }>);
      };
      worker.on('message', onMessage);
      this.failed.catch((error: unknown) => {
        worker.off('message', onMessage);
        reject(error);
      });
    });
  }

  listen(listener: (message: ThreadMessage<R>) => void): void {
    this.worker.on('message', listener);
  }

  /** Resolves when it has ended, however, or after so long. */
  async endedWithin(limitMs: number): Promise<void> {
    const timer = new AbortController();
    const ended = Promise.race([this.finished, this.failed]).catch(() => undefined);
    await Promise.race([ended, sleep(limitMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }
}
