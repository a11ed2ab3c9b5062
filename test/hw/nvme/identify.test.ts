import { beforeEach, describe, expect, test } from 'vitest';
import {
  ADMIN,
  AERL,
  ALL_NAMESPACES,
  AWUPF,
  CNS,
  FEATURE,
  FEATURE_SAVE,
  IDC,
  IDN,
  IO_QUEUES,
  LOG,
  MDTS,
  NVM,
  ONCS_COMPARE,
  ONCS_DSM,
  ONCS_WRITE_ZEROES,
  SMART,
  VECTOR_UNCOALESCED,
} from '../../../src/hw/nvme/datasheet.ts';
import { blocksOf, DEVICE, DiskBench } from './bench-disk.ts';

let bench: DiskBench;

beforeEach(() => {
  bench = new DiskBench({ blocks: 5000, cacheBlocks: 64 }).start();
});

function fetchPage(opcode: number, cdw10: number, nsid = 0, bytes = 4096): DataView {
  bench.memory.bytes.fill(0xee, bench.buffer.address, bench.buffer.address + bytes);
  const status = bench.admin.status({ opcode, cdw10, nsid, prp1: bench.buffer.address });
  expect(status).toBe('success');
  return new DataView(bench.memory.bytes.slice(bench.buffer.address, bench.buffer.address + bytes).buffer);
}

const identify = (cns: number, nsid = 0): DataView => fetchPage(ADMIN.identify, cns, nsid);
const text = (page: DataView, from: number, to: number): string =>
  Buffer.from(page.buffer, from, to - from).toString('latin1');

describe('Identify', () => {
  test('controller: who it is, what it can do, and how large its queues’ entries are', () => {
    const page = identify(CNS.controller);
    expect(text(page, IDC.sn, 24)).toBe(`RS00000${DEVICE}`.padEnd(20));
    expect(text(page, IDC.mn, 64)).toBe('ringswap disk'.padEnd(40));
    expect(text(page, IDC.fr, 72)).toBe('1.0'.padEnd(8));
    expect(page.getUint32(IDC.ver, true)).toBe(0x00010400);
    expect(page.getUint8(IDC.mdts)).toBe(MDTS);
    expect(page.getUint8(IDC.aerl)).toBe(AERL);
    expect([page.getUint8(IDC.sqes), page.getUint8(IDC.cqes)]).toEqual([0x66, 0x44]);
    expect(page.getUint32(IDC.nn, true)).toBe(1);
    expect(page.getUint16(IDC.oncs, true)).toBe(ONCS_COMPARE | ONCS_DSM | ONCS_WRITE_ZEROES);
    expect(page.getUint16(IDC.awupf, true)).toBe(AWUPF);
    expect(text(page, IDC.subnqn, IDC.subnqn + 20)).toBe('nqn.2014-08.org.nvme');
  });

  test('controller: a volatile write cache only where there is one', () => {
    expect(identify(CNS.controller).getUint8(IDC.vwc) & 1).toBe(1);
    bench = new DiskBench().start();
    expect(identify(CNS.controller).getUint8(IDC.vwc) & 1).toBe(0);
  });

  test('namespace: its size, and one format of 512-byte blocks without metadata', () => {
    const page = identify(CNS.namespace, 1);
    for (const offset of [IDN.nsze, IDN.ncap, IDN.nuse]) expect(page.getBigUint64(offset, true)).toBe(5000n);
    expect([page.getUint8(IDN.nlbaf), page.getUint8(IDN.flbas)]).toEqual([0, 0]);
    expect(page.getUint32(IDN.lbaf0, true)).toBe(9 << 16);
  });

  test('active namespaces: the one, unless only higher ones are asked for', () => {
    expect(identify(CNS.activeNamespaces, 0).getUint32(0, true)).toBe(1);
    expect(identify(CNS.activeNamespaces, 1).getUint32(0, true)).toBe(0);
  });

  test('descriptors: a UUID that is the disk’s own', () => {
    const page = identify(CNS.descriptors, 1);
    expect([page.getUint8(0), page.getUint8(1), page.getUint8(19)]).toEqual([3, 16, DEVICE]);
    expect(page.getUint8(20)).toBe(0);
  });

  test('a buffer within two pages gets all of it', () => {
    const { address } = bench.buffer;
    const whole = new Uint8Array(identify(CNS.controller).buffer);
    bench.memory.bytes.fill(0xee, address, address + 8192);
    bench.admin.run({
      opcode: ADMIN.identify,
      cdw10: CNS.controller,
      prp1: address + 1024,
      prp2: address + 4096,
    });
    expect(bench.memory.bytes.slice(address + 1024, address + 5120)).toEqual(whole);
    expect(bench.memory.bytes[address + 5120]).toBe(0xee);
  });
});

describe('features', () => {
  const get = (feature: number, cdw11 = 0): number =>
    bench.admin.run({ opcode: ADMIN.getFeatures, cdw10: feature, cdw11 }).result;
  const set = (feature: number, cdw11: number): unknown =>
    bench.admin.status({ opcode: ADMIN.setFeatures, cdw10: feature, cdw11 });

  test.each([
    ['arbitration', FEATURE.arbitration, 3, 5],
    ['power management', FEATURE.powerManagement, 0, 0],
    ['error recovery', FEATURE.errorRecovery, 0, 100],
    ['volatile write cache', FEATURE.volatileWriteCache, 1, 0],
    ['interrupt coalescing', FEATURE.interruptCoalescing, 0, 0x0203],
    ['write atomicity', FEATURE.writeAtomicity, 0, 1],
    ['asynchronous events', FEATURE.asyncEvents, 0, 0x1f],
  ])('%s: has its default, and then what is set', (_, feature, before, value) => {
    expect(get(feature)).toBe(before);
    expect(set(feature, value)).toBe('success');
    expect(get(feature)).toBe(value);
  });

  test('temperature: an upper and a lower threshold', () => {
    expect([get(FEATURE.temperature), get(FEATURE.temperature, 1 << 20)]).toEqual([343, 0]);
    expect(set(FEATURE.temperature, 300 | (1 << 20))).toBe('success');
    expect([get(FEATURE.temperature), get(FEATURE.temperature, 1 << 20)]).toEqual([343, 300]);
  });

  test('interrupt vectors: each has its own', () => {
    set(FEATURE.interruptVector, 5 | VECTOR_UNCOALESCED);
    expect(get(FEATURE.interruptVector, 5)).toBe(5 | VECTOR_UNCOALESCED);
    expect(get(FEATURE.interruptVector, 6)).toBe(6);
  });

  test('number of queues: what is asked for, up to what there are', () => {
    const ask = (sq: number, cq: number): number =>
      bench.admin.run({
        opcode: ADMIN.setFeatures,
        cdw10: FEATURE.numberOfQueues,
        cdw11: (sq - 1) | ((cq - 1) << 16),
      }).result;
    expect(ask(4, 2)).toBe(3 | (1 << 16));
    expect(get(FEATURE.numberOfQueues)).toBe(3 | (1 << 16));
    expect(ask(1000, 1000)).toBe((IO_QUEUES - 1) | ((IO_QUEUES - 1) << 16));
  });

  test.each([
    ['unknown', { cdw10: 0x7f }, 'invalidField'],
    ['of LBA ranges, which this disk has not', { cdw10: 0x03 }, 'invalidField'],
    ['to be saved', { cdw10: FEATURE.arbitration | FEATURE_SAVE }, 'featureNotSaveable'],
    ['of one namespace', { cdw10: FEATURE.arbitration, nsid: 1 }, 'featureNotNamespaceSpecific'],
    ['of a namespace that is not there', { cdw10: FEATURE.arbitration, nsid: 2 }, 'invalidNamespace'],
    ['number of queues, too many', { cdw10: FEATURE.numberOfQueues, cdw11: 0xffff }, 'invalidField'],
    ['of a vector that is not there', { cdw10: FEATURE.interruptVector, cdw11: 32 }, 'invalidField'],
    ['of a sensor that is not there', { cdw10: FEATURE.temperature, cdw11: 1 << 16 }, 'invalidField'],
    ['a power state that is not there', { cdw10: FEATURE.powerManagement, cdw11: 1 }, 'invalidField'],
  ])('set, %s, is refused', (_, command, status) => {
    expect(bench.admin.run({ opcode: ADMIN.setFeatures, ...command })).toMatchObject({
      status,
      final: true,
    });
  });

  test('all namespaces at once may be named', () => {
    const command = { opcode: ADMIN.setFeatures, cdw10: FEATURE.arbitration, cdw11: 2, nsid: ALL_NAMESPACES };
    expect(bench.admin.status(command)).toBe('success');
  });

  test.each([
    ['unknown', { cdw10: 0x7f }],
    ['a default, for there is only the current value', { cdw10: FEATURE.arbitration | (1 << 8) }],
    ['of a vector that is not there', { cdw10: FEATURE.interruptVector, cdw11: 32 }],
  ])('get, %s, is refused', (_, command) => {
    expect(bench.admin.status({ opcode: ADMIN.getFeatures, ...command })).toBe('invalidField');
  });

  test('of a cache that there is not are refused', () => {
    bench = new DiskBench().start();
    for (const opcode of [ADMIN.getFeatures, ADMIN.setFeatures])
      expect(bench.admin.status({ opcode, cdw10: FEATURE.volatileWriteCache })).toBe('invalidField');
  });

  test('number of queues cannot be set when there are queues', () => {
    const pair = bench.makeQueue();
    expect(set(FEATURE.numberOfQueues, 0)).toBe('sequenceError');
    expect(get(FEATURE.numberOfQueues)).toBe((IO_QUEUES - 1) | ((IO_QUEUES - 1) << 16));
    bench.admin.run({ opcode: ADMIN.deleteSq, cdw10: pair.id });
    bench.admin.run({ opcode: ADMIN.deleteCq, cdw10: pair.id });
    expect(set(FEATURE.numberOfQueues, 0)).toBe('success');
  });
});

describe('log pages', () => {
  const page = (log: number, bytes = 512): DataView =>
    fetchPage(ADMIN.getLogPage, log | ((bytes / 4 - 1) << 16), ALL_NAMESPACES, bytes);

  test('health: commands and data since power on, in thousands of blocks rounded up', () => {
    const queue = bench.makeQueue();
    queue.run(bench.writing(0, blocksOf(1, 8)));
    for (let i = 0; i < 5; i++) bench.read(queue, 0, 256);
    const health = page(LOG.smart);
    expect(health.getUint16(SMART.temperature, true)).toBe(313);
    expect([health.getUint32(SMART.reads, true), health.getUint32(SMART.writes, true)]).toEqual([5, 1]);
    expect([health.getUint32(SMART.unitsRead, true), health.getUint32(SMART.unitsWritten, true)]).toEqual([
      2, 1,
    ]);
  });

  test('health: errors of the media and entries of the error log', () => {
    const queue = bench.makeQueue();
    bench.disk.hooks.failsMedia = () => 0x281;
    queue.run(bench.transfer(NVM.read, 0, 1));
    queue.run({ opcode: 0x7f });
    const health = page(LOG.smart);
    expect(health.getUint32(SMART.mediaErrors, true)).toBe(1);
    expect(health.getUint32(SMART.errorEntries, true)).toBe(2);
  });

  test('errors: the latest first, each with its command', () => {
    const queue = bench.makeQueue();
    queue.run({ opcode: 0x7f, cid: 77 });
    queue.run(bench.transfer(NVM.read, 4999, 2));
    const log = page(LOG.error, 192);
    expect(log.getBigUint64(0, true)).toBe(2n);
    expect([log.getUint16(8, true), log.getUint16(12, true) >>> 1]).toEqual([1, 0x80]);
    expect([log.getUint32(16, true), log.getUint32(24, true)]).toEqual([4999, 1]);
    expect(log.getBigUint64(64, true)).toBe(1n);
    expect([log.getUint16(74, true), log.getUint16(76, true) >>> 1]).toEqual([77, 0x01]);
    expect(log.getBigUint64(128, true)).toBe(0n);
  });

  test('errors: the last sixteen', () => {
    const queue = bench.makeQueue();
    for (let i = 0; i < 20; i++) queue.run({ opcode: 0x7f, cid: i });
    const log = page(LOG.error, 1024);
    const cids = Array.from({ length: 16 }, (_, i) => log.getUint16(i * 64 + 10, true));
    expect(cids).toEqual(Array.from({ length: 16 }, (_, i) => 19 - i));
  });

  test('firmware: one slot, which is active', () => {
    const firmware = page(LOG.firmware);
    expect(firmware.getUint8(0)).toBe(1);
    expect(text(firmware, 8, 16)).toBe('1.0'.padEnd(8));
  });

  test('no more is written than asked for', () => {
    const { address } = bench.buffer;
    bench.memory.bytes.fill(0xee, address, address + 16);
    const cdw10 = LOG.smart | (1 << 16);
    bench.admin.run({ opcode: ADMIN.getLogPage, cdw10, prp1: address });
    expect([...bench.memory.bytes.subarray(address + 3, address + 10)]).toEqual([
      100, 10, 0, 0, 0, 0xee, 0xee,
    ]);
  });
});
