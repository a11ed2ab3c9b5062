import { beforeEach, describe, expect, test } from 'vitest';
import {
  ACQ,
  ACQ_HIGH,
  ADMIN,
  AQA,
  ASQ,
  ASQ_HIGH,
  CAP,
  CAP_CQR,
  CAP_HIGH,
  CAP_HIGH_CSS_NVM,
  CAP_HIGH_DSTRD_MASK,
  CC,
  CC_AMS_SHIFT,
  CC_CSS_SHIFT,
  CC_EN,
  CC_IOCQES_SHIFT,
  CC_IOSQES_SHIFT,
  CC_MPS_SHIFT,
  CC_SHN_NORMAL,
  CC_SHN_SHIFT,
  CSTS,
  CSTS_CFS,
  CSTS_RDY,
  CSTS_SHST_MASK,
  CSTS_SHST_SHIFT,
  cqHead,
  DOORBELL_STRIDE,
  MAX_ENTRIES,
  NVM,
  SHST_COMPLETE,
  SHST_NORMAL,
  sqTail,
  VS,
} from '../../../src/hw/nvme/datasheet.ts';
import { blocksOf, DiskBench, GOOD_CC } from './bench-disk.ts';

let bench: DiskBench;

beforeEach(() => {
  bench = new DiskBench({ cacheBlocks: 64 });
});

const status = (): number => bench.port.read32(CSTS);
const shutdownStatus = (): number => (status() >>> CSTS_SHST_SHIFT) & CSTS_SHST_MASK;

describe('capabilities', () => {
  test('are those of an NVMe 1.4 controller with contiguous queues and the NVM command set', () => {
    expect(bench.port.read32(VS)).toBe(0x00010400);
    expect((bench.port.read32(CAP) & 0xffff) + 1).toBe(MAX_ENTRIES);
    expect(bench.port.read32(CAP) & CAP_CQR).not.toBe(0);
    expect(bench.port.read32(CAP_HIGH) & CAP_HIGH_CSS_NVM).not.toBe(0);
  });

  test('say how far apart doorbells are, each in a cache line of its own', () => {
    const stride = 4 << (bench.port.read32(CAP_HIGH) & CAP_HIGH_DSTRD_MASK);
    expect(stride).toBe(64);
    expect(DOORBELL_STRIDE).toBe(stride);
    expect([sqTail(0), cqHead(0), sqTail(1), cqHead(1)]).toEqual([0x1000, 0x1040, 0x1080, 0x10c0]);
  });

  test('doorbells read as zero whatever was written', () => {
    bench.start();
    bench.admin.run({ opcode: ADMIN.getFeatures, cdw10: 1 });
    expect([bench.port.read32(sqTail(0)), bench.port.read32(cqHead(0))]).toEqual([0, 0]);
  });
});

describe('CC.EN', () => {
  test('makes the controller ready, and takes its time', () => {
    bench.enable();
    bench.step();
    expect(status()).toBe(0);
    expect(bench.disk.nextTimerUs()).toBe(500);
    bench.after(499);
    expect(status()).toBe(0);
    expect(bench.disk.hasWork(499)).toBe(false);
    bench.after(1);
    expect(status()).toBe(CSTS_RDY);
    expect(bench.disk.nextTimerUs()).toBe(Number.POSITIVE_INFINITY);
  });

  test('cleared makes it unready, in its time, and set again it is as new', () => {
    bench.start();
    bench.port.write32(CC, GOOD_CC & ~CC_EN);
    bench.step();
    expect(status()).toBe(CSTS_RDY);
    bench.after(500);
    expect(status()).toBe(0);
    bench.start();
    expect(bench.makeQueue(1).status({ opcode: NVM.flush })).toBe('success');
  });

  test('set again before the controller has stopped is seen when it has', () => {
    bench.start();
    bench.port.write32(CC, GOOD_CC & ~CC_EN);
    bench.step();
    bench.enable();
    bench.step();
    bench.after(500);
    expect(status()).toBe(0);
    bench.after(500);
    expect(status()).toBe(CSTS_RDY);
  });

  test('cleared before the controller was ready lets it never become so', () => {
    bench.enable();
    bench.step();
    bench.port.write32(CC, 0);
    bench.settle();
    expect(status()).toBe(0);
  });

  test('takes as long as it is told', () => {
    bench = new DiskBench({ readyUs: 7 });
    bench.enable();
    bench.step();
    bench.after(6);
    expect(status()).toBe(0);
    bench.after(1);
    expect(status()).toBe(CSTS_RDY);
  });

  test('no command is fetched before the controller is ready', () => {
    bench.enable();
    bench.step();
    bench.admin.submit({ opcode: ADMIN.getFeatures, cdw10: 1 });
    bench.after(499);
    expect(bench.admin.take()).toEqual([]);
    bench.after(1);
    expect(bench.admin.take()).toHaveLength(1);
  });
});

describe('a wrong configuration is fatal until the next reset', () => {
  const entries = (sqes: number, cqes: number): number =>
    CC_EN | (sqes << CC_IOSQES_SHIFT) | (cqes << CC_IOCQES_SHIFT);

  test.each([
    ['pages of 8 KiB', GOOD_CC | (1 << CC_MPS_SHIFT)],
    ['another command set', GOOD_CC | (1 << CC_CSS_SHIFT)],
    ['weighted round robin', GOOD_CC | (1 << CC_AMS_SHIFT)],
    ['submission entries of 128 bytes', entries(7, 4)],
    ['completion entries of 32 bytes', entries(6, 5)],
    ['no entry sizes', CC_EN],
  ])('%s', (_, configuration) => {
    bench.enable(configuration);
    bench.settle();
    expect(status() & (CSTS_RDY | CSTS_CFS)).toBe(CSTS_CFS);
    bench.port.write32(CC, 0);
    bench.settle();
    expect(status()).toBe(0);
    bench.start();
  });

  test.each([
    ['an admin submission queue of one entry', AQA, 31 << 16],
    ['an admin completion queue of one entry', AQA, 31],
    ['a submission queue that begins within a page', ASQ, 0x1040],
    ['a completion queue that begins within a page', ACQ, 0x1010],
    ['a submission queue above four gigabytes', ASQ_HIGH, 1],
    ['a completion queue above four gigabytes', ACQ_HIGH, 1],
    ['a submission queue at zero', ASQ, 0],
    ['a completion queue outside every window', ACQ, 0x1000],
    ['a completion queue beyond the memory', ACQ, 0xfffff000],
  ])('%s', (_, register, value) => {
    bench.enable(0);
    bench.port.write32(register, value);
    bench.port.write32(CC, GOOD_CC);
    bench.settle();
    expect(status() & (CSTS_RDY | CSTS_CFS)).toBe(CSTS_CFS);
  });

  test('a queue outside the windows is a fault as well', () => {
    bench.enable(0);
    bench.port.unmap(bench.admin.cq);
    bench.port.write32(CC, GOOD_CC);
    bench.step();
    expect(status() & CSTS_CFS).not.toBe(0);
    expect(bench.disk.probes.read('dmaFaults')).toBe(1);
  });
});

describe('a queue that is taken out of its window', () => {
  test.each([
    ['submission', 'sq'],
    ['completion', 'cq'],
  ] as const)('of %s stops the controller, and nothing is written', (_, side) => {
    bench.start();
    const { admin } = bench;
    admin.run({ opcode: ADMIN.getFeatures, cdw10: 1 });
    bench.port.unmap(admin[side]);
    admin.submit({ opcode: ADMIN.getFeatures, cdw10: 1 });
    bench.step();
    expect(status() & CSTS_CFS).not.toBe(0);
    expect(admin.take()).toEqual([]);
    expect(bench.disk.probes.read('dmaFaults')).toBe(1);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
  });
});

describe('shutdown', () => {
  test('brings what is cached to the media before it is complete', () => {
    bench.start();
    const queue = bench.makeQueue();
    queue.run(bench.writing(8, blocksOf(1, 4)));
    expect(bench.stored(8, 4)).toEqual(new Uint8Array(2048));
    expect(shutdownStatus()).toBe(SHST_NORMAL);
    bench.port.write32(CC, GOOD_CC | (CC_SHN_NORMAL << CC_SHN_SHIFT));
    bench.step();
    expect(shutdownStatus()).toBe(SHST_COMPLETE);
    expect(bench.stored(8, 4)).toEqual(blocksOf(1, 4));
  });

  test('ends the processing of commands until a reset', () => {
    bench.start();
    bench.port.write32(CC, GOOD_CC | (CC_SHN_NORMAL << CC_SHN_SHIFT));
    bench.step();
    bench.admin.submit({ opcode: ADMIN.getFeatures, cdw10: 1 });
    bench.step();
    expect(bench.admin.take()).toEqual([]);
    expect(bench.disk.hasWork(bench.nowUs)).toBe(false);
    bench.port.write32(CC, 0);
    bench.settle();
    expect(status()).toBe(0);
    bench.start();
    expect(bench.admin.status({ opcode: ADMIN.getFeatures, cdw10: 1 })).toBe('success');
  });
});

test('every step is shown to a watcher', () => {
  const before = bench.disk.probes.heartbeat();
  bench.step();
  expect(bench.disk.probes.heartbeat()).not.toBe(before);
});
