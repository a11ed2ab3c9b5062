/** The built command line in a process of its own, started in the package's folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Start {
  readonly env?: Readonly<Record<string, string>>;
  /** Once the process has written this to standard error, it gets SIGINT. */
  readonly interruptAt?: string;
  /** What comes by standard input, and its end. Without: there is none. */
  readonly input?: string;
}

/** Neither a terminal nor variables that speak of one. */
const { FORCE_COLOR: _force, NO_COLOR: _no, COLUMNS: _columns, ...plain } = process.env;

/** A test that waits in vain leaves its process behind. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export async function ringswap(
  argv: readonly string[],
  { env = {}, interruptAt, input }: Start = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [cli, ...argv], {
    cwd: root,
    env: { ...plain, ...env },
  });
  child.stdin.on('error', () => undefined).end(input); // a process that has ended reads no more
  running.add(child);
  let stdout = '';
  let stderr = '';
  let interrupted = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (interruptAt === undefined || interrupted || !stderr.includes(interruptAt)) return;
    interrupted = child.kill('SIGINT');
  });
  await once(child, 'close');
  running.delete(child);
  return { status: child.exitCode, stdout, stderr };
}
