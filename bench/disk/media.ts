/** Where batching and a buffer help, and where they hurt: on media that take their time, against `interrupt`. */
import type { Timing } from '../../src/hw/nvme/timing.ts';
import type { Collected } from '../collect.ts';
import { idleShare } from '../live/occupancy.ts';
import { DiskCell } from './cell.ts';
import { diskMachine } from './machine.ts';
import type { DiskWork } from './messages.ts';

/** Eight times what the buffer holds, in pages of 4 KiB. */
const AREA = 1024;
export const BUFFERS = 128;
/** About what a disk of flash memory with a write cache takes. */
export const TIMING: Timing = {
  readUs: 80,
  writeUs: 20,
  flushUs: 200,
  megabytesPerSecond: 2000,
  jitter: 0.2,
  seed: 1,
};
export const MEDIA_DRIVERS = ['interrupt', 'batching', 'buffered'] as const;
export const MEDIA_DEPTHS = [1, 32];

/** What is asked for, by what people call it. */
export const MEDIA_LOADS: Readonly<Record<string, Pick<DiskWork, 'rw' | 'flushEvery'>>> = {
  'writes in order': { rw: 'write', flushEvery: 0 },
  'random writes, a flush every 16': { rw: 'randwrite', flushEvery: 16 },
  'reads in order': { rw: 'read', flushEvery: 0 },
  'random reads': { rw: 'randread', flushEvery: 0 },
};

export interface MediaTimes {
  readonly warmUs: number;
  readonly trialUs: number;
}

export async function measureMedia(collected: Collected, { warmUs, trialUs }: MediaTimes): Promise<void> {
  const built = await diskMachine({ area: AREA, timing: TIMING });
  const cell = await DiskCell.start(built, { kind: 'host', rehearsed: false });
  for (const iodepth of MEDIA_DEPTHS)
    for (const [name, load] of Object.entries(MEDIA_LOADS)) {
      let interruptKiops = Number.NaN;
      for (const driver of MEDIA_DRIVERS) {
        const parameters = driver === 'buffered' ? { buffers: BUFFERS } : {};
        await cell.work({ ...load, driver, parameters, iodepth });
        await cell.run(warmUs);
        const { done, seconds, latencyUs, occupancy } = await cell.run(trialUs);
        if (done === 0) continue; // the machine gave a thread no core for so long
        const kiops = done / seconds / 1000;
        const id = `disk/media/${name}/${iodepth}/${driver}`;
        collected.value(`${id}/kiops`, kiops);
        collected.value(`${id}/p50`, latencyUs.p50);
        collected.value(`${id}/cpu-us`, ((1 - idleShare(occupancy)) * seconds * 1e6) / done);
        if (driver === 'interrupt') interruptKiops = kiops;
        else if (!Number.isNaN(interruptKiops)) collected.value(`${id}/of-interrupt`, kiops / interruptKiops);
      }
    }
  collected.ledgers.push(await cell.end());
}
