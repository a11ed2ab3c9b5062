import { describe, expect, it } from 'vitest';
import { resolveWorkload, WorkloadError, type WorkloadOptions } from '../../../src/host/workload/options.ts';

describe('options of a workload', () => {
  it.each([
    [512, 512],
    [4096, 4096],
    [8192, 512],
  ])(
    'requests of %i bytes have blocks under test of %i, which a power cut does not tear',
    (bs, verifyInterval) => {
      expect(resolveWorkload({ bs }).verifyInterval).toBe(verifyInterval);
      expect(resolveWorkload({ bs, verifyInterval: 512 }).verifyInterval).toBe(512);
    },
  );

  it('are kept where they are given', () => {
    const given: WorkloadOptions = {
      rw: 'write',
      bs: 8192,
      iodepth: 7,
      rwmixread: 10,
      verify: false,
      verifyInterval: 4096,
      wholeOneIn: 64,
      seed: 3,
      area: 100,
      flushEvery: 9,
      fua: 5,
      zeroes: 6,
      requests: 1000,
      queues: 4,
    };
    expect(resolveWorkload(given)).toEqual(given);
  });

  it.each([
    ['bs', { bs: 700 }],
    ['bs', { bs: 0 }],
    ['iodepth', { iodepth: 0 }],
    ['iodepth', { iodepth: 1.5 }],
    ['rwmixread', { rwmixread: 101 }],
    ['verifyInterval', { bs: 4096, verifyInterval: 1536 }],
    ['verifyInterval', { bs: 512, verifyInterval: 1024 }],
    ['wholeOneIn', { wholeOneIn: 3 }],
    ['area', { area: 0 }],
    ['area', { area: 2 ** 29, bs: 4096 }],
    ['flushEvery', { flushEvery: -1 }],
    ['fua', { fua: Number.NaN }],
    ['zeroes', { zeroes: -1 }],
    ['requests', { requests: -1 }],
    ['queues', { queues: 0 }],
  ] as [string, Partial<WorkloadOptions>][])(
    '%s is refused by name when it does not fit: %j',
    (name, given) => {
      expect(() => resolveWorkload(given)).toThrow(WorkloadError);
      expect(() => resolveWorkload(given)).toThrow(name);
    },
  );

  it('an unknown pattern is refused with those that there are', () => {
    const given: object = { rw: 'trim' };
    expect(() => resolveWorkload(given)).toThrow(/rw=trim .*randread, randwrite, randrw, read, write/);
  });
});
