/** Each malformed command ends with the specification's status, and what comes behind it is served. */
import { beforeEach, describe, expect, test } from 'vitest';
import { PAGE_BYTES } from '../../../src/hw/memory.ts';
import {
  ADMIN,
  ALL_NAMESPACES,
  CNS,
  DSM_DEALLOCATE,
  IO_QUEUES,
  LOG,
  MAX_ENTRIES,
  NVM,
  QUEUE_CONTIGUOUS,
  STATUS,
  type StatusName,
} from '../../../src/hw/nvme/datasheet.ts';
import { type Command, createCq, createSq, DiskBench, QueuePair } from './bench-disk.ts';

const BLOCKS = 1000;
let bench: DiskBench;
let queue: QueuePair;

beforeEach(() => {
  bench = new DiskBench({ blocks: BLOCKS }).start();
  queue = bench.makeQueue();
});

type Row = readonly [string, (bench: DiskBench) => Command, StatusName];

const reading = (fields: Partial<Command>): ((bench: DiskBench) => Command) => {
  return ({ buffer }) => ({ opcode: NVM.read, prp1: buffer.address, prp2: buffer.address + 4096, ...fields });
};
const other = (opcode: number, fields: Partial<Command> = {}): ((bench: DiskBench) => Command) => {
  return ({ buffer }) => ({ opcode, prp1: buffer.address, ...fields });
};

const IO_ROWS: readonly Row[] = [
  ['an unknown opcode', other(0x7f), 'invalidOpcode'],
  ['a vendor’s opcode', other(0x80), 'invalidOpcode'],
  ['a reservation, which this disk has not', other(0x0d), 'invalidOpcode'],
  ['the first of a fused pair', reading({ fuse: 1 }), 'invalidField'],
  ['the second of a fused pair', reading({ fuse: 2 }), 'invalidField'],
  ['a scatter gather list', reading({ psdt: 1 }), 'invalidField'],
  ['a list for metadata too', reading({ psdt: 2 }), 'invalidField'],
  ['no namespace', reading({ nsid: 0 }), 'invalidNamespace'],
  ['a namespace that is not there', reading({ nsid: 2 }), 'invalidNamespace'],
  ['a Read of all namespaces', reading({ nsid: ALL_NAMESPACES }), 'invalidNamespace'],
  ['one block more than MDTS', reading({ cdw12: 256 }), 'invalidField'],
  ['a Write of more than MDTS', other(NVM.write, { cdw12: 256 }), 'invalidField'],
  ['a Compare of more than MDTS', other(NVM.compare, { cdw12: 0xffff }), 'invalidField'],
  ['a block behind the last', reading({ cdw10: BLOCKS }), 'lbaOutOfRange'],
  ['a range that reaches behind the last block', reading({ cdw10: BLOCKS - 1, cdw12: 1 }), 'lbaOutOfRange'],
  ['a block above 2^32', reading({ cdw11: 1 }), 'lbaOutOfRange'],
  ['the highest block', reading({ cdw10: 0xffffffff, cdw11: 0xffffffff }), 'lbaOutOfRange'],
  ['a Write behind the last block', other(NVM.write, { cdw10: BLOCKS }), 'lbaOutOfRange'],
  ['a Compare behind the last block', other(NVM.compare, { cdw10: BLOCKS }), 'lbaOutOfRange'],
  ['zeros behind the last block', other(NVM.writeZeroes, { cdw10: BLOCKS - 1, cdw12: 1 }), 'lbaOutOfRange'],
  ['zeros in no namespace', other(NVM.writeZeroes, { nsid: 0 }), 'invalidNamespace'],
  ['Flush of no namespace', other(NVM.flush, { nsid: 0 }), 'invalidNamespace'],
  ['Flush of a namespace that is not there', other(NVM.flush, { nsid: 2 }), 'invalidNamespace'],
  ['ranges of a namespace that is not there', other(NVM.datasetManagement, { nsid: 7 }), 'invalidNamespace'],
  [
    'ranges at an odd address',
    other(NVM.datasetManagement, { prp1: 2, cdw11: DSM_DEALLOCATE }),
    'invalidPrpOffset',
  ],
  ['a buffer at an odd address', reading({ prp1: 0x2001 }), 'invalidPrpOffset'],
  ['a buffer at zero', reading({ prp1: 0 }), 'dataTransferError'],
  ['a buffer of another’s', reading({ prp1: 0x1000 }), 'dataTransferError'],
  ['a buffer beyond the memory', reading({ prp1: 0xfffff000 }), 'dataTransferError'],
  ['a buffer above four gigabytes', reading({ prp1High: 1 }), 'dataTransferError'],
];

const pairOf = (bench: DiskBench, id: number, entries = 16): QueuePair => new QueuePair(bench, id, entries);
const cq = (fields: Partial<Command>, id = 2): ((bench: DiskBench) => Command) => {
  return (bench) => ({ ...createCq(pairOf(bench, id)), ...fields });
};
const sq = (fields: Partial<Command>, id = 2, completion = 1): ((bench: DiskBench) => Command) => {
  return (bench) => ({ ...createSq(pairOf(bench, id), completion), ...fields });
};
const size = (id: number, entries: number): number => id | ((entries - 1) << 16);

const ADMIN_ROWS: readonly Row[] = [
  ['an unknown opcode', other(0x7f), 'invalidOpcode'],
  ['Format, which is optional', other(0x80), 'invalidOpcode'],
  ['a fused command', other(ADMIN.identify, { fuse: 1, cdw10: 1 }), 'invalidField'],
  ['a scatter gather list', other(ADMIN.identify, { psdt: 1, cdw10: 1 }), 'invalidField'],
  ['Identify with an unknown CNS', other(ADMIN.identify, { cdw10: 0x55 }), 'invalidField'],
  ['Identify of no namespace', other(ADMIN.identify, { cdw10: CNS.namespace }), 'invalidNamespace'],
  ['Identify of a namespace that is not there', other(ADMIN.identify, { nsid: 2 }), 'invalidNamespace'],
  [
    'Identify of what all namespaces have in common',
    other(ADMIN.identify, { nsid: ALL_NAMESPACES }),
    'invalidNamespace',
  ],
  [
    'a list of namespaces above the highest',
    other(ADMIN.identify, { cdw10: CNS.activeNamespaces, nsid: 0xfffffffe }),
    'invalidNamespace',
  ],
  ['Identify at an odd address', other(ADMIN.identify, { cdw10: 1, prp1: 0x2002 }), 'invalidPrpOffset'],
  ['Identify to no buffer', other(ADMIN.identify, { cdw10: 1, prp1: 0 }), 'dataTransferError'],
  ['an unknown log page', other(ADMIN.getLogPage, { cdw10: 0x42 }), 'invalidLogPage'],
  ['log page 0', other(ADMIN.getLogPage, { cdw10: 0 }), 'invalidLogPage'],
  ['a log page from an offset on', other(ADMIN.getLogPage, { cdw10: LOG.smart, cdw12: 4 }), 'invalidField'],
  ['a log page of one namespace', other(ADMIN.getLogPage, { cdw10: LOG.smart, nsid: 1 }), 'invalidField'],
  ['a log page longer than MDTS', other(ADMIN.getLogPage, { cdw10: LOG.smart, cdw11: 1 }), 'invalidField'],

  ['completion queue 0', cq({ cdw10: size(0, 16) }), 'invalidQueueIdentifier'],
  ['a completion queue that is there already', cq({}, 1), 'invalidQueueIdentifier'],
  [
    'a completion queue of too high a number',
    cq({ cdw10: size(IO_QUEUES + 1, 16) }),
    'invalidQueueIdentifier',
  ],
  ['a completion queue of one entry', cq({ cdw10: size(2, 1) }), 'invalidQueueSize'],
  ['a completion queue longer than MQES', cq({ cdw10: size(2, MAX_ENTRIES + 1) }), 'invalidQueueSize'],
  ['a completion queue in pieces', cq({ cdw11: 2 << 16 }), 'invalidField'],
  ['a completion queue within a page', cq({ prp1: 0x2010 }), 'invalidPrpOffset'],
  ['a completion queue outside the windows', cq({ prp1: 0x1000 }), 'dataTransferError'],
  ['a completion queue above four gigabytes', cq({ prp1High: 1 }), 'dataTransferError'],
  ['a vector that is not there', cq({ cdw11: QUEUE_CONTIGUOUS | (32 << 16) }), 'invalidInterruptVector'],
  ['a completion queue with users', other(ADMIN.deleteCq, { cdw10: 1 }), 'invalidQueueDeletion'],
  ['deletion of completion queue 0', other(ADMIN.deleteCq, { cdw10: 0 }), 'invalidQueueIdentifier'],
  ['deletion of no completion queue', other(ADMIN.deleteCq, { cdw10: 2 }), 'invalidQueueIdentifier'],
  ['deletion far beyond the queues', other(ADMIN.deleteCq, { cdw10: 0xffff }), 'invalidQueueIdentifier'],

  ['submission queue 0', sq({ cdw10: size(0, 16) }), 'invalidQueueIdentifier'],
  ['a submission queue that is there already', sq({}, 1), 'invalidQueueIdentifier'],
  ['a submission queue of too high a number', sq({ cdw10: size(0x8000, 16) }), 'invalidQueueIdentifier'],
  ['a submission queue of one entry', sq({ cdw10: size(2, 1) }), 'invalidQueueSize'],
  ['a submission queue longer than MQES', sq({ cdw10: size(2, 0x10000) }), 'invalidQueueSize'],
  ['a submission queue in pieces', sq({ cdw11: 1 << 16 }), 'invalidField'],
  ['a submission queue within a page', sq({ prp1: 0x2040 }), 'invalidPrpOffset'],
  ['a submission queue outside the windows', sq({ prp1: 0x1000 }), 'dataTransferError'],
  ['completion in the admin queue', sq({}, 2, 0), 'invalidQueueIdentifier'],
  ['completion in a queue of too high a number', sq({}, 2, IO_QUEUES + 1), 'invalidQueueIdentifier'],
  ['completion in a queue that is not made', sq({}, 2, 3), 'completionQueueInvalid'],
  ['deletion of submission queue 0', other(ADMIN.deleteSq, { cdw10: 0 }), 'invalidQueueIdentifier'],
  ['deletion of no submission queue', other(ADMIN.deleteSq, { cdw10: 2 }), 'invalidQueueIdentifier'],
];

const PASSING: readonly StatusName[] = ['dataTransferError'];

describe('an I/O command: ', () => {
  test.each(IO_ROWS)('%s', (_, command, status) => {
    const final = !PASSING.includes(status);
    expect(queue.run(command(bench))).toMatchObject({ status, final, queue: 1, result: 0 });
    expect(queue.status({ opcode: NVM.flush })).toBe('success');
  });
});

describe('an admin command: ', () => {
  test.each(ADMIN_ROWS)('%s', (_, command, status) => {
    const final = !PASSING.includes(status);
    expect(bench.admin.run(command(bench))).toMatchObject({ status, final, queue: 0 });
    expect(queue.status({ opcode: NVM.flush })).toBe('success');
  });
});

test('what is at the very edge is served', () => {
  expect(queue.status(bench.transfer(NVM.read, BLOCKS - 256, 256))).toBe('success');
  expect(queue.status(bench.transfer(NVM.write, BLOCKS - 1, 1))).toBe('success');
  expect(queue.status({ opcode: NVM.flush, nsid: ALL_NAMESPACES })).toBe('success');
  expect(queue.status({ opcode: NVM.writeZeroes, cdw12: BLOCKS - 1 })).toBe('success');
});

test('a command whose identifier is outstanding in its queue ends with a conflict, the first one as it would', () => {
  bench.disk.hooks.holdsBack = (number) => number === 1;
  queue.submit({ opcode: NVM.flush, cid: 5 });
  bench.step();
  queue.submit({ opcode: 0x7f, cid: 5 });
  queue.submit({ opcode: NVM.flush, cid: 6 });
  bench.step();
  bench.disk.hooks.holdsBack = () => false;
  bench.step();
  expect(queue.take().map(({ cid, status }) => [cid, status])).toEqual([
    [5, 'success'],
    [5, 'commandIdConflict'],
    [6, 'success'],
  ]);
  expect(queue.run({ opcode: NVM.flush, cid: 5 }).status).toBe('success');
});

test('the same identifier in two queues is no conflict', () => {
  const second = bench.makeQueue(2);
  bench.disk.hooks.holdsBack = (number) => number !== 0;
  queue.submit({ opcode: NVM.flush, cid: 5 });
  second.submit({ opcode: NVM.flush, cid: 5 });
  bench.step();
  bench.disk.hooks.holdsBack = () => false;
  bench.step();
  expect([queue.take()[0].status, second.take()[0].status]).toEqual(['success', 'success']);
});

test('every fault of an address is counted, and no other error is', () => {
  queue.run(reading({ prp1: 0x1000 })(bench));
  queue.run(reading({ prp1: 0x2001 })(bench));
  bench.admin.run(cq({ prp1: 0x1000 })(bench));
  expect(bench.disk.probes.read('dmaFaults')).toBe(2);
});

describe('an error of the media', () => {
  test.each([
    ['Read', NVM.read, 'read'],
    ['Write', NVM.write, 'write'],
    ['Compare', NVM.compare, 'read'],
    ['Write Zeroes', NVM.writeZeroes, 'write'],
  ] as const)('of %s is asked for by kind and blocks, and may pass', (_, opcode, kind) => {
    const asked: unknown[] = [];
    bench.disk.hooks.failsMedia = (...question) => {
      asked.push(question);
      return STATUS.writeFault;
    };
    expect(queue.run(bench.transfer(opcode, 16, 4))).toMatchObject({ status: 'writeFault', final: false });
    expect(asked).toEqual([[kind, 16, 4]]);
    bench.disk.hooks.failsMedia = () => 0;
    expect(queue.status(bench.transfer(opcode, 16, 4))).toBe('success');
  });

  test('leaves the blocks and the driver’s buffer as they were', () => {
    bench.disk.hooks.failsMedia = () => STATUS.unrecoveredRead;
    bench.memory.bytes.fill(0x77, bench.buffer.address, bench.buffer.address + PAGE_BYTES);
    queue.run(bench.transfer(NVM.write, 0, 8));
    expect(bench.stored(0, 8)).toEqual(new Uint8Array(PAGE_BYTES));
    queue.run(bench.transfer(NVM.read, 0, 8));
    expect(bench.memory.bytes[bench.buffer.address]).toBe(0x77);
  });

  test('of Flush is told', () => {
    bench.disk.hooks.failsMedia = (op) => (op === 'flush' ? STATUS.writeFault : 0);
    expect(queue.status({ opcode: NVM.flush })).toBe('writeFault');
  });
});
