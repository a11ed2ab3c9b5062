/** The disk behind the server: requests through shared memory to a CPU, which here is stepped by the tests. */
import { describe, expect, it } from 'vitest';
import { OP, REQUEST, RequestTable, requestBytes } from '../../../src/drivers/nvme/requests.ts';
import { DiskBackend } from '../../../src/exec/nbd/disk-backend.ts';
import { EINVAL, EIO, ESHUTDOWN } from '../../../src/exec/nbd/protocol.ts';
import { layoutRemote, RemoteClient } from '../../../src/host/remote/remote-client.ts';
import { Memory, MemoryMap, PAGE_BYTES } from '../../../src/hw/memory.ts';
import { STATUS } from '../../../src/hw/nvme/datasheet.ts';

const REQUESTS = 4;
const TRANSFER = 8192;
const BLOCKS = 256;

/** A disk that executes what it has when it is told to, the last first. */
class Bench {
  readonly client: RemoteClient;
  readonly backend: DiskBackend;
  readonly ops: number[] = [];
  readonly ends: { readonly name: string; readonly error: number }[] = [];
  wakes = 0;
  /** The status of every request from now on. */
  status = 0;
  private readonly memory: Memory;
  private readonly table: RequestTable;
  private readonly contents = new Uint8Array(BLOCKS * 512);
  private readonly has: number[] = [];

  constructor() {
    const map = new MemoryMap();
    const regions = layoutRemote(map, { requests: REQUESTS, transferBytes: TRANSFER });
    const requests = map.take(requestBytes(REQUESTS));
    const data = map.take(REQUESTS * TRANSFER, PAGE_BYTES);
    this.memory = new Memory(new SharedArrayBuffer(map.bytes));
    this.table = new RequestTable(this.memory, requests);
    this.client = new RemoteClient(this.memory, regions, this.table);
    this.backend = new DiskBackend(this.memory, { blocks: BLOCKS, requests, data }, regions, TRANSFER, () => {
      this.wakes++;
    });
  }

  /** Named, so that its end can be told. */
  asked(name: string) {
    return { complete: (error: number) => this.ends.push({ name, error }) };
  }

  /** A driver that takes so many requests, marks them as its own as drivers do, and throws. */
  failAfter(taken: number): void {
    const submit = (_queue: number, batch: Int32Array): never => {
      for (const request of batch.subarray(0, taken)) {
        this.memory.words[this.table.at(request) + REQUEST.next] = -1;
        this.has.push(request);
      }
      throw new Error('in submit');
    };
    this.client.step({ room: () => REQUESTS, submit }, 0);
  }

  /** The CPU takes what there is, and the disk does all of it; then the backend hears of it. */
  async serve(): Promise<void> {
    const room = REQUESTS - this.has.length;
    const submit = (_queue: number, batch: Int32Array, count: number) => {
      this.has.push(...batch.subarray(0, count));
      return count;
    };
    this.client.step({ room: () => room, submit }, 0);
    for (const request of this.has.splice(0).reverse()) this.execute(request);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
  }

  private execute(request: number): void {
    const { bytes, words } = this.memory;
    const at = this.table.at(request);
    const from = words[at + REQUEST.block] * 512;
    const end = from + words[at + REQUEST.blocks] * 512;
    const data = words[at + REQUEST.data];
    this.ops.push(words[at + REQUEST.op]);
    if (words[at + REQUEST.op] === OP.write) this.contents.set(bytes.subarray(data, data + end - from), from);
    else if (words[at + REQUEST.op] === OP.read) bytes.set(this.contents.subarray(from, end), data);
    else this.contents.fill(0, from, end);
    this.table.finish(request, this.status);
    this.client.completed(0, Int32Array.of(request), 1, 0);
  }
}

describe('a disk as a backend', () => {
  it('reads what it wrote, and wakes the CPU for each request', async () => {
    const bench = new Bench();
    const data = new Uint8Array(TRANSFER + 3).map((_, i) => i % 251);
    bench.backend.write(512, TRANSFER, data, 3, false, bench.asked('write'));
    await bench.serve();
    const into = new Uint8Array(TRANSFER + 5);
    bench.backend.read(512, TRANSFER, into, 5, bench.asked('read'));
    await bench.serve();
    expect(bench.ends).toEqual([
      { name: 'write', error: 0 },
      { name: 'read', error: 0 },
    ]);
    expect(into.subarray(5)).toEqual(data.subarray(3));
    expect(bench.wakes).toBe(2);
  });

  it('queues what it has no request for, and completes each once, in whatever order', async () => {
    const bench = new Bench();
    for (let i = 0; i < 11; i++) bench.backend.flush(bench.asked(`flush ${i}`));
    for (let round = 0; round < 4; round++) await bench.serve();
    expect(bench.ends.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 11 }, (_, i) => `flush ${i}`).sort(),
    );
    expect(bench.client.outstanding).toBe(0);
  });

  it.each([0, 1, 2, 3])('offers again what a driver that throws has not taken: %i were', async (taken) => {
    const bench = new Bench();
    for (let i = 0; i < 3; i++) bench.backend.flush(bench.asked(`flush ${i}`));
    expect(() => bench.failAfter(taken)).toThrow('in submit');
    expect(bench.client.outstanding).toBe(taken);
    await bench.serve();
    expect(bench.ends.map(({ name }) => name).sort()).toEqual(['flush 0', 'flush 1', 'flush 2']);
    expect(bench.client.books.counts()).toMatchObject({ submitted: 3, completed: 3, duplicated: 0 });
  });

  it('lets a flush follow a trim that must be durable, and no other', async () => {
    const bench = new Bench();
    bench.backend.trim(0, 4096, true, bench.asked('durable'));
    await bench.serve();
    expect(bench.ends).toEqual([]);
    await bench.serve();
    bench.backend.trim(0, 4096, false, bench.asked('plain'));
    await bench.serve();
    expect(bench.ops).toEqual([OP.discard, OP.flush, OP.discard]);
    expect(bench.ends.map(({ name }) => name)).toEqual(['durable', 'plain']);
  });

  it.each([
    ['an address beyond the disk', STATUS.lbaOutOfRange, EINVAL],
    ['a fault of the media', STATUS.writeFault, EIO],
    ['anything else', STATUS.internalError, EIO],
  ])('tells a client of %s', async (_, status, error) => {
    const bench = new Bench();
    bench.status = status;
    const into = new Uint8Array(512).fill(7);
    bench.backend.read(0, 512, into, 0, bench.asked('read'));
    await bench.serve();
    expect(bench.ends).toEqual([{ name: 'read', error }]);
    expect(into).toEqual(new Uint8Array(512).fill(7)); // a failed read brings nothing
  });

  it('fails what is outstanding, queued or asked for later when the disk is gone', async () => {
    const bench = new Bench();
    for (let i = 0; i < 6; i++) bench.backend.flush(bench.asked(`flush ${i}`));
    bench.backend.close();
    bench.backend.flush(bench.asked('late'));
    expect(bench.ends).toHaveLength(7);
    expect(new Set(bench.ends.map(({ error }) => error))).toEqual(new Set([ESHUTDOWN]));
    await bench.serve(); // a completion that was on its way completes nobody a second time
    expect(bench.ends).toHaveLength(7);
  });
});
