/** What tests of real clients share: a served disk whose drivers are swapped all the time, and commands. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
export const root = fileURLToPath(new URL('../..', import.meta.url));
export const MIB = 1024 * 1024;

export class ServedDisk {
  readonly folder = mkdtempSync(join(tmpdir(), 'ringswap-clients-'));
  readonly uri = `nbd+unix:///?socket=${join(this.folder, 'disk.sock')}`;
  private readonly server: ChildProcess;
  private printed = '';

  private constructor() {
    const disk = ['--disk', 'nvme0,size=64M', '--socket', join(this.folder, 'disk.sock')];
    const argv = [cli, 'serve', 'nbd', ...disk, '--swap-every', '5ms'];
    this.server = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.server.stdout?.on('data', (chunk) => {
      this.printed += chunk;
    });
  }

  static async start(): Promise<ServedDisk> {
    const disk = new ServedDisk();
    let told = '';
    for await (const chunk of disk.server.stderr ?? []) {
      told += chunk;
      if (told.includes('Serving')) break;
    }
    disk.server.stderr?.resume();
    return disk;
  }

  /** The report of all that the clients did: nothing was lost, and drivers were swapped meanwhile. */
  async end(): Promise<void> {
    this.server.kill('SIGTERM');
    const [status] = await once(this.server, 'exit');
    rmSync(this.folder, { recursive: true });
    expect({ status, verdict: this.printed.trim().split('\n').at(-1) }).toEqual({
      status: 0,
      verdict: expect.stringMatching(/^PASS .* swaps, no violation$/),
    });
  }

  /** What a client prints; it must end with status 0. Files without a path are in `folder`. */
  run(command: string, ...argv: readonly string[]): string {
    const { status, stdout, stderr, error } = spawnSync(command, argv, {
      encoding: 'utf8',
      cwd: this.folder,
    });
    const printed = status === 0 ? '' : (error?.message ?? `${stdout}${stderr}`);
    expect({ command, status, printed }).toEqual({ command, status: 0, printed: '' });
    return stdout;
  }
}

function has(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** A test that needs these commands. Without them it is skipped, and its name says why. */
export function testWith(commands: readonly string[], name: string, run: () => void): void {
  const missing = commands.find((command) => !has(command));
  testUnless(missing === undefined ? undefined : `no ${missing}`, name, run);
}

/** The same for one that mounts the disk. `.ci/run` takes "no device" for an answer, and nothing else. */
export function testWithMounts(commands: readonly string[], name: string, run: () => Promise<void>): void {
  const missing = [...commands, 'losetup', 'mount', 'umount'].find((command) => !has(command));
  testUnless(missing === undefined ? whyNoMounts() : `no ${missing}`, name, run);
}

function testUnless(reason: string | undefined, name: string, run: () => void | Promise<void>): void {
  if (reason === undefined) it(name, { timeout: 120_000 }, run);
  else it.skip(`${name} (${reason})`, run);
}

function whyNoMounts(): string | undefined {
  if (process.geteuid?.() !== 0) return 'only root may mount';
  if (!opens('/dev/fuse')) return 'no device /dev/fuse';
  if (!opens('/dev/loop-control')) return 'no device /dev/loop-control';
  // It names the next one that is free, also where nobody has made a node for it.
  const loop = spawnSync('losetup', ['--find'], { encoding: 'utf8' }).stdout.trim();
  return loop !== '' && existsSync(loop) ? undefined : `no device ${loop || '/dev/loop*'}`;
}

/** In a container a device may be there, and not to be used. */
function opens(device: string): boolean {
  try {
    closeSync(openSync(device, 'r+'));
    return true;
  } catch {
    return false;
  }
}
