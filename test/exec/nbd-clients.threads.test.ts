/** Real clients on a served disk whose drivers are swapped every few milliseconds. Each runs where it is installed. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { MIB, root, ServedDisk, testWith } from './nbd-clients.ts';

let disk: ServedDisk;
beforeAll(async () => {
  disk = await ServedDisk.start();
}, 60_000);
afterAll(() => disk.end(), 60_000);

const save = (name: string, data: Buffer) => writeFileSync(join(disk.folder, name), data);

describe('a served disk, its drivers swapped meanwhile', () => {
  testWith(['nbdinfo'], 'tells nbdinfo what it is', () => {
    const told = disk.run('nbdinfo', disk.uri);
    for (const word of [
      'export="nvme0"',
      '67108864',
      'can_flush: true',
      'can_fua: true',
      'can_multi_conn: true',
    ])
      expect(told).toContain(word);
    expect(disk.run('nbdinfo', '--list', disk.uri)).toContain('nvme0');
  });

  testWith(['nbdcopy'], 'gives back to nbdcopy what it brought', () => {
    save('there.img', randomBytes(64 * MIB));
    disk.run('nbdcopy', 'there.img', disk.uri);
    disk.run('nbdcopy', disk.uri, 'back.img');
    disk.run('cmp', 'there.img', 'back.img');
  });

  testWith(['qemu-io'], 'has the patterns that qemu-io wrote', () => {
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
    const told = disk.run(
      'qemu-io',
      '-f',
      'raw',
      ...commands.flatMap((command) => ['-c', command]),
      disk.uri,
    );
    expect(told).not.toMatch(/failed|error/i);
  });

  testWith(['qemu-img'], 'is what qemu-img converts and compares', () => {
    save('source.img', randomBytes(64 * MIB));
    disk.run('qemu-img', 'convert', '-n', '-f', 'raw', '-O', 'raw', 'source.img', disk.uri);
    const told = disk.run('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', 'source.img', disk.uri);
    expect(told).toContain('identical');
  });

  testWith(['fio'], 'passes the verification of fio', () => {
    const job = ['--rw=randrw', '--bs=4k', '--iodepth=32', '--size=64M', '--verify=crc32c'];
    const engine = ['--ioengine=nbd', `--uri=${disk.uri}`];
    disk.run('fio', '--name=verified', ...engine, ...job, '--output-format=json', '--output=fio.json');
    const [{ error, read, write }] = JSON.parse(readFileSync(join(disk.folder, 'fio.json'), 'utf8')).jobs;
    // Each block is read or written, and each that was written is read once more.
    const blocks = (64 * MIB) / 4096;
    expect({ error, reads: read.total_ios }).toEqual({ error: 0, reads: blocks });
    expect(write.total_ios).toBeGreaterThan(0.4 * blocks);
  });

  testWith(['mke2fs', 'e2fsck', 'nbdcopy'], 'brings a file system there and back whole', () => {
    disk.run('mke2fs', '-q', '-t', 'ext4', '-d', join(root, 'src'), 'fs.img', '64M');
    disk.run('nbdcopy', 'fs.img', disk.uri);
    disk.run('nbdcopy', disk.uri, 'fs-back.img');
    disk.run('cmp', 'fs.img', 'fs-back.img');
    disk.run('e2fsck', '-fn', 'fs-back.img');
  });
});
