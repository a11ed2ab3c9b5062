/** Real clients on a served disk whose drivers are swapped every few milliseconds. Each runs where it is installed. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-clients-'));
const socket = join(folder, 'disk.sock');
const uri = `nbd+unix:///?socket=${socket}`;
const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));
const root = fileURLToPath(new URL('../..', import.meta.url));
const MIB = 1024 * 1024;
let server: ChildProcess;
let printed = '';

function has(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** What a client prints; it must end with status 0. */
function run(command: string, ...argv: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, argv, { encoding: 'utf8', cwd: folder });
  expect({ command, status, stderr: status === 0 ? '' : stderr }).toEqual({ command, status: 0, stderr: '' });
  return stdout;
}

beforeAll(async () => {
  const argv = ['serve', 'nbd', '--disk', 'nvme0,size=64M', '--socket', socket, '--swap-every', '5ms'];
  server = spawn(process.execPath, [cli, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  server.stdout?.on('data', (chunk) => {
    printed += chunk;
  });
  let told = '';
  for await (const chunk of server.stderr ?? []) {
    told += chunk;
    if (told.includes('Serving')) break;
  }
  server.stderr?.resume();
}, 60_000);

/** The report of all that the clients did: nothing was lost, and drivers were swapped meanwhile. */
afterAll(async () => {
  server.kill('SIGTERM');
  const [status] = await once(server, 'exit');
  rmSync(folder, { recursive: true });
  expect({ status, verdict: printed.trim().split('\n').at(-1) }).toEqual({
    status: 0,
    verdict: expect.stringMatching(/^PASS .* swaps, no violation$/),
  });
}, 60_000);

describe('a served disk, its drivers swapped meanwhile', () => {
  it.skipIf(!has('nbdinfo'))('tells nbdinfo what it is', () => {
    const told = run('nbdinfo', uri);
    for (const word of [
      'export="nvme0"',
      '67108864',
      'can_flush: true',
      'can_fua: true',
      'can_multi_conn: true',
    ])
      expect(told).toContain(word);
    expect(run('nbdinfo', '--list', uri)).toContain('nvme0');
  });

  it.skipIf(!has('nbdcopy'))('gives back to nbdcopy what it brought', { timeout: 60_000 }, () => {
    const data = randomBytes(64 * MIB);
    writeFileSync(join(folder, 'there.img'), data);
    run('nbdcopy', 'there.img', uri);
    run('nbdcopy', uri, 'back.img');
    run('cmp', 'there.img', 'back.img');
  });

  it.skipIf(!has('qemu-io'))('has the patterns that qemu-io wrote', { timeout: 60_000 }, () => {
    const commands = [
      'write -P 0x5a 0 1M',
      'write -P 0xa5 1M 64k',
      'write -f -P 0x11 2M 4k',
      'write -z 512k 64k',
      'discard 3M 1M',
      'flush',
      'read -P 0x5a 0 512k',
      'read -P 0 512k 64k',
      'read -P 0xa5 1M 64k',
      'read -P 0x11 2M 4k',
    ];
    const told = run('qemu-io', '-f', 'raw', ...commands.flatMap((command) => ['-c', command]), uri);
    expect(told).not.toMatch(/failed|error/i);
  });

  it.skipIf(!has('qemu-img'))('is what qemu-img converts and compares', { timeout: 60_000 }, () => {
    writeFileSync(join(folder, 'source.img'), randomBytes(64 * MIB));
    run('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', 'source.img', uri);
    expect(run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', 'source.img', uri)).toContain('identical');
  });

  it.skipIf(!has('fio'))('passes the verification of fio', { timeout: 120_000 }, () => {
    const job = ['--ioengine=nbd', `--uri=${uri}`, '--rw=randrw', '--bs=4k', '--iodepth=32', '--size=64M'];
    const told = run('fio', '--name=verified', ...job, '--verify=crc32c', '--runtime=3', '--time_based');
    expect(told).toContain('err= 0');
  });

  it.skipIf(!has('mke2fs') || !has('nbdcopy'))(
    'brings a file system there and back whole',
    { timeout: 120_000 },
    () => {
      run('mke2fs', '-q', '-t', 'ext4', '-d', join(root, 'src'), 'fs.img', '64M');
      run('nbdcopy', 'fs.img', uri);
      run('nbdcopy', uri, 'fs-back.img');
      run('cmp', 'fs.img', 'fs-back.img');
      run('e2fsck', '-fn', 'fs-back.img');
    },
  );
});
