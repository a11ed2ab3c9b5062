import { Worker } from 'node:worker_threads';
import { builtFile } from './worker-url.ts';

interface Message {
  readonly kind: string;
}

/** A worker that does what it is told, one thing at a time, and answers. An error in it rejects whatever is waited for. */
export class Thread<Answer extends Message, Command> {
  private readonly worker: Worker;
  private readonly answers: Answer[] = [];
  private wake: (() => void) | undefined;
  private failure: Error | undefined;

  /** `file`: name of a built one, without its ending. */
  constructor(file: string, start: object) {
    this.worker = new Worker(builtFile(file), { workerData: start });
    this.worker.on('message', (answer: Answer) => {
      if (isFailure(answer)) this.failure = new Error(`${file}: ${answer.message}\n${answer.stack}`);
      else this.answers.push(answer);
      this.wake?.();
    });
    this.worker.on('error', (error) => {
      this.failure = error instanceof Error ? error : new Error(String(error));
      this.wake?.();
    });
  }

  send(command: Command): void {
    this.worker.postMessage(command);
  }

  /** The next answer of this kind; others before it are passed over. */
  async next<K extends Answer['kind']>(kind: K): Promise<Extract<Answer, { readonly kind: K }>> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure;
      const answer = this.answers.shift();
      if (answer === undefined)
        await new Promise<void>((resolve) => {
          this.wake = resolve;
        });
      else if (isOf(answer, kind)) return answer;
    }
  }

  async terminate(): Promise<void> {
    await this.worker.terminate();
  }
}

function isOf<A extends Message, K extends A['kind']>(
  answer: A,
  kind: K,
): answer is Extract<A, { readonly kind: K }> {
  return answer.kind === kind;
}

function isFailure(
  answer: Message,
): answer is Message & { readonly message: string; readonly stack: string } {
  return answer.kind === 'failed';
}
