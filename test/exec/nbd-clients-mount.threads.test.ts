/** The kernel's own file system on a served disk whose drivers are swapped every few milliseconds. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { root, ServedDisk, testWithMounts } from './nbd-clients.ts';

let disk: ServedDisk;
beforeAll(async () => {
  disk = await ServedDisk.start();
}, 60_000);
afterAll(() => disk.end(), 60_000);

/** The disk is a file in a mounted folder while `use` goes on. */
async function asFile(use: (file: string) => void): Promise<void> {
  const folder = join(disk.folder, 'fuse');
  const mounted = join(disk.folder, 'nbdfuse.pid');
  mkdirSync(folder);
  const nbdfuse = spawn('nbdfuse', ['--pidfile', mounted, folder, disk.uri], { stdio: 'inherit' });
  const ended = once(nbdfuse, 'exit');
  try {
    while (!existsSync(mounted) && nbdfuse.exitCode === null) await setTimeout(10);
    expect(nbdfuse.exitCode).toBeNull();
    use(join(folder, 'nbd'));
  } finally {
    if (spawnSync('umount', [folder]).status !== 0) nbdfuse.kill();
    await ended;
  }
}

/** The file system in a file, through a loop device, while `use` goes on. */
function mounted(file: string, options: string, use: (folder: string) => void): void {
  const folder = join(disk.folder, 'tree');
  mkdirSync(folder, { recursive: true });
  disk.run('mount', '-o', `loop,${options}`, file, folder);
  try {
    use(folder);
  } finally {
    disk.run('umount', folder);
  }
}

describe('a served disk, its drivers swapped meanwhile', () => {
  testWithMounts(['nbdfuse', 'mke2fs', 'e2fsck'], 'carries a file system that is mounted', () =>
    asFile((file) => {
      const source = join(root, 'src');
      disk.run('mke2fs', '-q', '-F', '-t', 'ext4', file);
      mounted(file, 'rw', (folder) => disk.run('cp', '-a', source, folder));
      disk.run('e2fsck', '-fn', file);
      mounted(file, 'ro', (folder) => disk.run('diff', '-r', source, join(folder, 'src')));
    }),
  );
});
