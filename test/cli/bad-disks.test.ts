/** Bad usage of disks and of what serves them: one clear line on standard error, status 2. */
import { describe } from 'vitest';
import { RUN, refuses } from './refusals.ts';

const SERVE = ['serve', 'nbd', '--socket', '/tmp/ringswap-never-made.sock'];

describe('a disk that cannot be', () => {
  refuses([
    ['unknown key', [...RUN, '--disk', 'd,iodpth=4'], '--disk d,iodpth=4', 'did you mean "iodepth"?'],
    [
      'unknown driver',
      [...RUN, '--disk', 'd,driver=dpdk'],
      'd: there is no driver dpdk of disks',
      'buffered',
    ],
    ['unknown workload', [...RUN, '--disk', 'd', '--rw', 'randwrit'], '--rw randwrit', 'randwrite'],
    [
      'odd request size',
      [...RUN, '--disk', 'd', '--bs', '1000'],
      'd: bs=1000 does not fit',
      'multiple of 512',
    ],
    ['request too large', [...RUN, '--disk', 'd', '--bs', '1M'], 'd: bs is 1048576 bytes', 'at most 131072'],
    ['odd size', [...RUN, '--disk', 'd,size=1000'], 'd: size is 1000 bytes', 'multiple of 512'],
    [
      'queue too deep',
      [...RUN, '--disk', 'd,driver=polling,queueDepth=5000'],
      'queueDepth=5000 does not fit',
    ],
    [
      'a recording without a card',
      [...RUN, '--disk', 'd', '--pcap-out', '/tmp/d.pcapng'],
      'there is no card',
    ],
    ['a dump without a card', [...RUN, '--disk', 'd', '--dump', '/tmp/d.json'], 'there is no card'],
    ['a name twice', [...RUN, '--nic', 'a', '--disk', 'a'], 'two devices named a'],
    [
      'a card to swap that is a disk',
      [...RUN, '--disk', 'd', '--swap', 'at=1s,nic=d,to=polling'],
      'no card d',
    ],
    [
      'a folder for media that is not there',
      [...RUN, '--disk', 'd,size=1M,media=/no/such/folder/disk.img'],
      '/no/such/folder/disk.img',
    ],
  ]);
});

describe('a disk that cannot be served', () => {
  refuses([
    ['nowhere to listen', ['serve', 'nbd'], '--socket PATH or --port N'],
    ['two places to listen', [...SERVE, '--port', '0'], '--socket PATH or --port N'],
    ['a host for a socket', [...SERVE, '--host', '127.0.0.1'], '--host goes with --port'],
    ['no port', ['serve', 'nbd', '--port', '99999'], '--port 99999 is no port'],
    ['unknown driver', [...SERVE, '--driver', 'poling'], 'there is no driver poling of disks', '"polling"'],
    ['unknown key', [...SERVE, '--disk', 'd,sise=1G'], 'sise', 'did you mean "size"?'],
    ['swap without a time', [...SERVE, '--swap', 'to=polling'], '--swap to=polling', 'lacks "at"'],
    ['a socket too long', ['serve', 'nbd', '--socket', `/tmp/${'x'.repeat(200)}`], 'choose a shorter path'],
  ]);
});
