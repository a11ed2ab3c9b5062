/** A disk served to clients of the network block device protocol, its drivers exchanged meanwhile. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { EIO } from '../../src/exec/nbd/protocol.ts';
import { diskOf, type Report, type ServeScenario, serveNbd, UsageError } from '../../src/testbed/index.ts';
import { NbdClient } from './nbd/client.ts';
import { FLUSH, read, TRIM, WRITE_ZEROES, write } from './nbd/wire.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-serve-'));
afterAll(() => rmSync(folder, { recursive: true }));
const DISK = { name: 'nvme0', size: '4M', cache: '256K' } as const;
const BLOCK = 4096;
let sockets = 0;

/** Serves while `use` goes on; what it resolves to, and the report. */
async function served<T>(scenario: ServeScenario, use: (path: string) => Promise<T>): Promise<[T, Report]> {
  const path = join(folder, `${sockets++}.sock`);
  const ending = new AbortController();
  let heard: () => void = () => undefined;
  const listening = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const report = serveNbd(scenario, { address: { path }, signal: ending.signal, onListening: () => heard() });
  await Promise.race([listening, report]);
  try {
    const used = await use(path);
    ending.abort();
    return [used, await report];
  } finally {
    ending.abort();
    await report.catch(() => undefined);
  }
}

function block(number: number, version: number): Buffer {
  return Buffer.alloc(BLOCK, Buffer.from(`block ${number} version ${version} `));
}

describe('a served disk', () => {
  it('reads what was written, through swaps of all drivers', async () => {
    const swapEvery = { interval: '1ms' };
    const [wrong, report] = await served({ disk: DISK, swapEvery }, async (path) => {
      const client = await NbdClient.go({ path });
      let cookie = 0;
      let differences = 0;
      for (let version = 1; version <= 40; version++) {
        client.send(...Array.from({ length: 16 }, (_, i) => write(++cookie, i * BLOCK, block(i, version))));
        for (let i = 0; i < 16; i++) if ((await client.reply()).error !== 0) differences++;
        for (let i = 0; i < 16; i++) {
          const { data } = await client.ask(read(++cookie, i * BLOCK, BLOCK));
          if (data === undefined || !data.equals(block(i, version))) differences++;
        }
      }
      return differences;
    });
    expect(wrong).toBe(0);
    expect(report.violations).toEqual([]);
    expect(report.swaps.count).toBeGreaterThan(0);
    expect(diskOf(report, 'nvme0')).toMatchObject({ submitted: 1280, completed: 1280, failed: 0, lost: 0 });
  });

  it('tells a client that a reset has ended its flush, and of nothing else', async () => {
    const swapEvery = { interval: '1ms', method: 'reset' } as const;
    const [errors, report] = await served({ disk: { ...DISK, queues: 2 }, swapEvery }, async (path) => {
      const client = await NbdClient.go({ path });
      let cookie = 0;
      const ended = { moves: 0, flushes: 0, unlike: 0, differences: 0 };
      for (let version = 1; version <= 60; version++) {
        client.send(...Array.from({ length: 16 }, (_, i) => write(++cookie, i * BLOCK, block(i, version))));
        client.send({ command: FLUSH, cookie: 0 });
        for (let i = 0; i < 17; i++) {
          const { cookie: of, error } = await client.reply();
          if (error === 0) continue;
          if (of !== 0) ended.moves++;
          else if (error === EIO) ended.flushes++;
          else ended.unlike++;
        }
        for (let i = 0; i < 16; i++) {
          const { data } = await client.ask(read(++cookie, i * BLOCK, BLOCK));
          if (data === undefined || !data.equals(block(i, version))) ended.differences++;
        }
      }
      return ended;
    });
    expect(errors).toMatchObject({ moves: 0, unlike: 0, differences: 0 });
    expect(errors.flushes).toBe(report.swaps.aborted);
    expect(report.violations).toEqual([]);
    expect(report.swaps.count).toBeGreaterThan(0);
    expect(diskOf(report, 'nvme0')).toMatchObject({ failed: errors.flushes, lost: 0 });
  });

  it('flushes, zeroes and trims, and a request longer than a command is whole', async () => {
    const long = 1024 * 1024;
    const [results, report] = await served({ disk: DISK }, async (path) => {
      const client = await NbdClient.go({ path });
      const data = Buffer.alloc(long, 'long');
      const written = await client.ask(write(1, 0, data));
      const flushed = await client.ask({ command: FLUSH, cookie: 2 });
      const zeroed = await client.ask({ command: WRITE_ZEROES, cookie: 3, offset: BLOCK, length: BLOCK });
      const trimmed = await client.ask({ command: TRIM, cookie: 4, offset: 3 * BLOCK, length: BLOCK });
      client.send(read(5, 0, 4 * BLOCK));
      const pieces = await client.reply();
      return { errors: [written, flushed, zeroed, trimmed].map(({ error }) => error), first: pieces.data };
    });
    expect(results.errors).toEqual([0, 0, 0, 0]);
    const zeroes = Buffer.alloc(BLOCK);
    const full = Buffer.alloc(BLOCK, 'long');
    expect(results.first?.equals(Buffer.concat([full, zeroes, full, zeroes]))).toBe(true);
    expect(report.verdict).toBe('pass');
  });

  it('keeps what was written in a file', async () => {
    const disk = { ...DISK, media: join(folder, 'kept.img') };
    await served({ disk }, async (path) => {
      const client = await NbdClient.go({ path });
      await client.ask(write(1, 8 * BLOCK, block(8, 1)));
    });
    const [data] = await served({ disk }, async (path) => {
      const client = await NbdClient.go({ path });
      return (await client.ask(read(1, 8 * BLOCK, BLOCK))).data;
    });
    expect(data?.equals(block(8, 1))).toBe(true);
  });

  it('goes on when a client talks nonsense', async () => {
    const [data, report] = await served({ disk: DISK }, async (path) => {
      const rude = await NbdClient.go({ path });
      rude.socket.write(Buffer.alloc(64, 0xff));
      await rude.closed;
      const client = await NbdClient.go({ path });
      await client.ask(write(1, 0, block(0, 1)));
      return (await client.ask(read(2, 0, BLOCK))).data;
    });
    expect(data?.equals(block(0, 1))).toBe(true);
    expect(report.verdict).toBe('pass');
  });

  it('is not served where nothing can listen, or from a file that is in use', async () => {
    const signal = new AbortController().signal;
    const disk = { ...DISK, media: join(folder, 'shared.img') };
    const nowhere = { address: { path: join(folder, 'no', 'such', 'folder.sock') }, signal };
    await expect(serveNbd({ disk }, nowhere)).rejects.toThrow(UsageError);
    expect(existsSync(`${disk.media}.lock`)).toBe(false); // the file is let go
    const [again] = await served({ disk }, () =>
      serveNbd({ disk }, { address: { path: join(folder, 'second.sock') }, signal }).catch((error) => error),
    );
    expect(again).toBeInstanceOf(UsageError);
    expect(again.message).toMatch(/in use/);
  });
});
