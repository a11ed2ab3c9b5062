/** The built command line in a process of its own, started in the package's folder. */
import { spawn } from 'node:child_process';
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
}

/** Neither a terminal nor variables that speak of one. */
const { FORCE_COLOR: _force, NO_COLOR: _no, COLUMNS: _columns, ...plain } = process.env;

export async function ringswap(
  argv: readonly string[],
  { env = {}, interruptAt }: Start = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [cli, ...argv], {
    cwd: root,
    env: { ...plain, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    if (interruptAt !== undefined && stderr.includes(interruptAt)) child.kill('SIGINT');
  });
  await once(child, 'close');
  return { status: child.exitCode, stdout, stderr };
}
