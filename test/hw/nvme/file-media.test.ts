import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BLOCK_BYTES, NVM } from '../../../src/hw/nvme/datasheet.ts';
import { FileMedia, MediaInUse, MediaSizeMismatch } from '../../../src/hw/nvme/file-media.ts';
import { MediaError } from '../../../src/hw/nvme/media.ts';
import { blocksOf, DiskBench } from './bench-disk.ts';

const BLOCKS = 1024;
let directory: string;
let file: string;
let opened: FileMedia[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'file-media-'));
  file = join(directory, 'disk');
  opened = [];
});

afterEach(() => {
  for (const media of opened) media.close();
  rmSync(directory, { recursive: true });
});

function open(blocks = BLOCKS): FileMedia {
  const media = new FileMedia(file, blocks);
  opened.push(media);
  return media;
}

function close(media: FileMedia): void {
  opened.splice(opened.indexOf(media), 1);
  media.close();
}

describe('a file', () => {
  test('is made with its full size, and as a hole', () => {
    open(1 << 20);
    expect(statSync(file).size).toBe(512 << 20);
    expect(statSync(file).blocks).toBeLessThan(100);
  });

  test('gives back what was written, from shared memory and to it, at any place', () => {
    const media = open();
    const shared = new Uint8Array(new SharedArrayBuffer(8192));
    shared.set(blocksOf(1, 4), 512);
    media.write(7, 4, shared, 512);
    media.write(BLOCKS - 1, 1, shared, 512);
    media.read(7, 4, shared, 4096);
    expect(new Uint8Array(shared.slice(4096, 6144))).toEqual(blocksOf(1, 4));
    expect(readFileSync(file).subarray(-BLOCK_BYTES).equals(blocksOf(1, 4).subarray(0, BLOCK_BYTES))).toBe(
      true,
    );
  });

  test('has its blocks zeroed, as many as there are', () => {
    const blocks = 5000;
    const media = open(blocks);
    const bytes = new Uint8Array(blocks * BLOCK_BYTES).fill(7);
    media.write(0, blocks, bytes, 0);
    media.zero(1, blocks - 2);
    media.read(0, blocks, bytes, 0);
    expect(bytes.indexOf(0)).toBe(BLOCK_BYTES);
    expect(bytes.indexOf(7, BLOCK_BYTES)).toBe((blocks - 1) * BLOCK_BYTES);
  });

  test('of another size than asked for is refused, and left', () => {
    close(open());
    expect(() => open(BLOCKS + 1)).toThrow(MediaSizeMismatch);
    expect(statSync(file).size).toBe(BLOCKS * BLOCK_BYTES);
    open(); // no lock has stayed behind
  });

  test('that is none is refused', () => {
    expect(() => new FileMedia(directory, BLOCKS)).toThrow(MediaError);
    expect(() => new FileMedia(join(directory, 'nowhere', 'disk'), BLOCKS)).toThrow(MediaError);
    expect(existsSync(`${directory}.lock`)).toBe(false);
  });

  test('that was cut short fails to read with an error of the media', () => {
    const media = open();
    truncateSync(file, 1000);
    expect(() => media.read(1, 2, new Uint8Array(1024), 0)).toThrow(MediaError);
  });
});

describe('the lock', () => {
  test('keeps a second one out, says who has it, and goes when the first lets go', () => {
    const first = open();
    expect(() => open()).toThrow(MediaInUse);
    expect(() => open()).toThrow(`process ${process.pid}`);
    close(first);
    expect(existsSync(`${file}.lock`)).toBe(false);
    open();
  });

  test('of a process that has ended is taken over', () => {
    const { pid } = spawnSync('true');
    writeFileSync(`${file}.lock`, `${pid}\n`);
    open();
    expect(readFileSync(`${file}.lock`, 'utf8')).toBe(`${process.pid}\n`);
  });

  test.each([
    ['that says nothing yet', ''],
    ['that says nothing of use', 'somebody\n'],
  ])('%s is respected', (_, text) => {
    writeFileSync(`${file}.lock`, text);
    expect(() => open()).toThrow(MediaInUse);
    expect(readFileSync(`${file}.lock`, 'utf8')).toBe(text);
  });
});

describe('a disk in a file', () => {
  test('is there again when it is opened again', () => {
    const first = new DiskBench({ media: new FileMedia(file, BLOCKS), cacheBlocks: 64 }).start();
    const queue = first.makeQueue();
    queue.run(first.writing(9, blocksOf(1, 8)));
    queue.run(first.writing(500, blocksOf(2, 256)));
    first.disk.close();
    const second = new DiskBench({ media: new FileMedia(file, BLOCKS) }).start();
    const again = second.makeQueue();
    expect(second.read(again, 9, 8)).toEqual(blocksOf(1, 8));
    expect(second.read(again, 500, 256)).toEqual(blocksOf(2, 256));
    second.disk.close();
  });

  test('ends a command with an error of the media when the file fails', () => {
    const bench = new DiskBench({ media: open() }).start();
    const queue = bench.makeQueue();
    truncateSync(file, 0);
    expect(queue.status(bench.transfer(NVM.read, 0, 8))).toBe('unrecoveredRead');
    expect(queue.status({ opcode: NVM.flush })).toBe('success');
  });
});
