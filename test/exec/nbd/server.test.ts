import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import type { ListenAddress } from '../../../src/exec/nbd/listen.ts';
import { NbdServer } from '../../../src/exec/nbd/server.ts';
import { NbdClient } from './client.ts';
import { MemoryBackend, MIB, pattern } from './memory-backend.ts';
import { ABORT, DISC, FLUSH, LIST, option, READ, read, request, u32, WRITE, write } from './wire.ts';

const folder = mkdtempSync(join(tmpdir(), 'ringswap-nbd-'));
afterAll(() => rmSync(folder, { recursive: true }));

let sockets = 0;
let path: string;
let backend: MemoryBackend;
let reasons: string[];
const servers: NbdServer[] = [];

beforeEach(() => {
  path = join(folder, `${sockets++}.sock`);
  backend = new MemoryBackend(8 * MIB);
  reasons = [];
});
afterEach(async () => {
  backend.release();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(address: ListenAddress = { path }): Promise<NbdServer> {
  const server = await NbdServer.start({
    served: { name: 'disk', description: 'a disk', backend },
    address,
    onDropped: (reason) => reasons.push(reason),
  });
  servers.push(server);
  return server;
}

/** Until the backend has this many requests. */
async function heldRequests(count: number): Promise<void> {
  while (backend.heldRequests < count) await new Promise((resolve) => setImmediate(resolve));
}

describe('where it listens', () => {
  it('on a Unix socket', async () => {
    const server = await start();
    expect(server.uri).toBe(`nbd+unix:///disk?socket=${encodeURIComponent(path)}`);
    const client = await NbdClient.go({ path });
    expect(await client.ask(read(1, 0, 512))).toMatchObject({
      error: 0,
      data: backend.bytes.subarray(0, 512),
    });
  });

  it('on the loopback interface, if it is a port', async () => {
    const server = await start({ port: 0 });
    const [, port] = /^nbd:\/\/127\.0\.0\.1:(\d+)\/disk$/.exec(server.uri) ?? [];
    const client = await NbdClient.go({ host: '127.0.0.1', port: Number(port) });
    expect(await client.ask({ command: FLUSH, cookie: 1 })).toMatchObject({ error: 0 });
  });

  it('elsewhere only when told to', async () => {
    const server = await start({ port: 0, host: '0.0.0.0' });
    expect(server.uri).toMatch(/^nbd:\/\/0\.0\.0\.0:/);
  });

  it('not on the socket of a server that lives, which goes on', async () => {
    await start();
    await expect(start()).rejects.toMatchObject({
      name: 'NbdServerError',
      code: 'address-in-use',
      message: expect.stringContaining(`${path}: a server is listening there; end it`),
    });
    expect(await (await NbdClient.go({ path })).ask(read(1, 0, 512))).toMatchObject({ error: 0 });
  });

  it('on the socket that a dead server left', async () => {
    leaveStale(path);
    expect(existsSync(path)).toBe(true);
    await start();
    expect(await (await NbdClient.go({ path })).ask(read(1, 0, 512))).toMatchObject({ error: 0 });
  });

  it('not in place of a file', async () => {
    writeFileSync(path, 'precious');
    await expect(start()).rejects.toMatchObject({ code: 'address-in-use' });
    expect(existsSync(path)).toBe(true);
  });

  it.each([
    ['a path that is too long', () => ({ path: join(folder, 'x'.repeat(200)) }), 'bad-address'],
    ['no path', () => ({ path: '' }), 'bad-address'],
    ['a folder that is not there', () => ({ path: join(folder, 'nowhere', 'socket') }), 'cannot-listen'],
    ['an address of another machine', () => ({ port: 0, host: '192.0.2.1' }), 'cannot-listen'],
  ])('not at %s', async (_, address, code) => {
    await expect(start(address())).rejects.toMatchObject({ name: 'NbdServerError', code });
  });

  it('not on a port that is taken', async () => {
    const port = Number(/:(\d+)\//.exec((await start({ port: 0 })).uri)?.[1]);
    await expect(start({ port })).rejects.toMatchObject({
      code: 'address-in-use',
      message: expect.stringContaining('choose another port'),
    });
  });
});

/** A socket file nobody listens on, as a killed process leaves it. */
function leaveStale(at: string): void {
  const script = `require('node:net').createServer().listen(${JSON.stringify(at)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script]);
}

test.each([
  ['a size that is no multiple of the block', { sizeBytes: 1000 }, /sizeBytes is 1000/],
  ['blocks that are no power of two', { minimumBlockBytes: 768 }, /minimumBlockBytes is 768/],
  ['a transfer of nothing', { transferBytes: 0 }, /transferBytes is 0/],
])('an export with %s is refused', async (_, sizes, message) => {
  Object.assign(backend, sizes);
  await expect(start()).rejects.toMatchObject({
    code: 'bad-export',
    message: expect.stringMatching(message),
  });
});

describe('several clients', () => {
  it('see one disk, and a flush of one is a flush of all', async () => {
    await start();
    const [one, two] = await Promise.all([
      NbdClient.go({ path }),
      NbdClient.go({ path }, { structured: false }),
    ]);
    const data = pattern(4096, 77);
    expect(await one.ask(write(1, 4096, data))).toMatchObject({ error: 0 });
    expect(await two.ask(read(2, 4096, 4096))).toMatchObject({ kind: 'simple', error: 0, data });
    expect(await two.ask({ command: FLUSH, cookie: 3 })).toMatchObject({ error: 0 });
    expect(backend.calls.at(-1)?.kind).toBe('flush');
  });

  it('that have much under way get each their own data', async () => {
    await start();
    const clients = await Promise.all(Array.from({ length: 8 }, () => NbdClient.go({ path })));
    const count = 200;
    for (const [i, client] of clients.entries())
      client.send(...Array.from({ length: count }, (_, n) => read(n, 4096 * ((n * 8 + i) % 2048), 4096)));
    for (const [i, client] of clients.entries()) {
      for (let n = 0; n < count; n++) {
        const { cookie, data } = await client.reply();
        const offset = 4096 * ((cookie * 8 + i) % 2048);
        expect(data?.equals(backend.bytes.subarray(offset, offset + 4096))).toBe(true);
      }
    }
  });

  it('long reads and writes go through the socket whole', async () => {
    await start();
    const client = await NbdClient.go({ path }, { structured: false });
    const data = pattern(6 * MIB, 3);
    expect(await client.ask(write(1, MIB, data))).toMatchObject({ error: 0 });
    const { data: got } = await client.ask(read(2, MIB, 6 * MIB));
    expect(got?.equals(data)).toBe(true);
  });
});

describe('a hostile client loses its own connection and nothing else', () => {
  const GO_SIMPLE = Buffer.concat([u32(3), option(1)]);
  it.each([
    ['noise instead of a handshake', pattern(1000, 1), /client flags/],
    ['noise instead of options', Buffer.concat([u32(3), pattern(1000)]), /magic/],
    ['options without end', Buffer.concat([u32(3), ...Array(1000).fill(option(LIST))]), /options/],
    ['noise instead of requests', Buffer.concat([GO_SIMPLE, pattern(1000)]), /magic/],
    [
      'a write of 4 GiB',
      Buffer.concat([GO_SIMPLE, request({ command: WRITE, cookie: 1, length: 0xffff_fe00 })]),
      /4294966784/,
    ],
  ])('%s', async (_, bytes, reason) => {
    await start();
    const bystander = await NbdClient.go({ path });
    const hostile = await NbdClient.open({ path });
    hostile.socket.write(bytes);
    await hostile.closed;
    expect(reasons[0]).toMatch(reason);
    expect(await bystander.ask(read(1, 512, 512))).toMatchObject({ data: backend.bytes.subarray(512, 1024) });
    expect(await (await NbdClient.go({ path })).ask(read(1, 0, 512))).toMatchObject({ error: 0 });
  });

  it('a disconnect in the middle of a payload', async () => {
    await start();
    const bystander = await NbdClient.go({ path });
    const hostile = await NbdClient.go({ path });
    hostile.socket.write(request(write(1, 0, pattern(4096))).subarray(0, 2000));
    hostile.socket.end();
    await hostile.closed;
    expect(backend.calls).toEqual([]);
    expect(await bystander.ask(read(1, 0, 512))).toMatchObject({ error: 0 });
  });

  it('a disconnect with requests under way', async () => {
    backend.holding = true;
    const server = await start();
    const hostile = await NbdClient.go({ path });
    hostile.send(...Array.from({ length: 20 }, (_, i) => read(i, 0, 512)));
    await heldRequests(20);
    hostile.socket.destroy();
    await hostile.closed;
    backend.holding = false;
    expect(await (await NbdClient.go({ path })).ask(read(1, 0, 512))).toMatchObject({ error: 0 });
    backend.release();
    while (server.clients > 1) await new Promise((resolve) => setImmediate(resolve));
  });
});

test('DISC and ABORT end the connection in good order', async () => {
  await start();
  const one = await NbdClient.go({ path });
  one.send({ command: DISC, cookie: 1 });
  await one.closed;
  const two = await NbdClient.open({ path });
  two.socket.write(u32(3));
  expect(await two.option(ABORT)).toMatchObject([{ type: 1 }]);
  await two.closed;
  expect(reasons).toEqual([]);
});

describe('close', () => {
  it('finishes what is outstanding, lets nobody in, and removes the socket', async () => {
    backend.holding = true;
    const server = await start();
    const client = await NbdClient.go({ path });
    client.send(read(1, 0, 512), write(2, 512, pattern(512)));
    await heldRequests(2);
    const closed = server.close();
    await expect(NbdClient.open({ path })).rejects.toThrow();
    backend.release();
    expect([await client.reply(), await client.reply()]).toMatchObject([
      { cookie: 1, error: 0 },
      { cookie: 2, error: 0 },
    ]);
    await client.closed;
    await closed;
    expect(existsSync(path)).toBe(false);
    expect(server.clients).toBe(0);
    expect(reasons).toEqual([]);
  });

  it('refuses requests that come while it waits', async () => {
    backend.holding = true;
    const server = await start();
    const client = await NbdClient.go({ path });
    client.send(read(1, 0, 512));
    await heldRequests(1);
    const closed = server.close();
    expect(await client.ask({ command: READ, cookie: 2, length: 512 })).toMatchObject({
      cookie: 2,
      error: 108,
    });
    backend.release();
    expect(await client.reply()).toMatchObject({ cookie: 1, error: 0 });
    await closed;
  });

  it('ends clients that are idle or in their handshake at once, and may be called twice', async () => {
    const server = await start();
    const clients = [await NbdClient.go({ path }), await NbdClient.open({ path })];
    await Promise.all([server.close(), server.close(), ...clients.map(({ closed }) => closed)]);
    expect(reasons).toEqual([]);
  });

  it('leaves the address free for the next server', async () => {
    await (await start()).close();
    const next = createServer();
    await new Promise<void>((resolve) => next.listen(path, resolve));
    await new Promise((resolve) => next.close(resolve));
  });
});
