/** Bad usage of every kind: one clear line on standard error, nothing on standard output, status 2. */
import { describe } from 'vitest';
import { RUN, refuses } from './refusals.ts';

describe('a name that nothing has', () => {
  refuses([
    ['command', ['rnu'], "unknown command 'rnu'", 'did you mean run?'],
    ['option', [...RUN, '--framez', '5'], "unknown option '--framez'", 'did you mean --frames?'],
    [
      'driver',
      [...RUN, '--driver', 'poling'],
      'no driver poling',
      'did you mean "polling"?',
      'interrupt, polling, batching',
    ],
    ["card's driver", [...RUN, '--nic', 'a,driver=dpdk'], 'a: there is no driver dpdk'],
    ['driver to come', [...RUN, '--swap', 'at=1s,to=dpdk'], 'swap 1: there is no driver dpdk'],
    [
      'parameter',
      [...RUN, '--driver', 'polling:rings=5'],
      'polling has no parameter rings',
      'rxRing, rxBuffers',
    ],
    [
      'parameter of the driver to come',
      [...RUN, '--swap', 'at=1s,to=polling,coalesceUs=5'],
      'swap 1: driver polling has no parameter coalesceUs',
    ],
    ['varied parameter', [...RUN, '--swap-every', '5ms,rings=5/6'], 'has no parameter rings'],
    [
      'application',
      [...RUN, '--app', 'sinks'],
      'no application sinks',
      'did you mean "sink"?',
      'sink, echo, forward or the path of a module',
    ],
    ["card's application", [...RUN, '--nic', 'a,app=ekko'], 'a: there is no application ekko'],
    [
      'card to swap',
      [...RUN, '--swap', 'at=1s,nic=eth1,to=polling'],
      'swap 1: there is no card eth1',
      'the devices are eth0',
    ],
    [
      'CPU to hand over to',
      [...RUN, '--swap', 'at=1s,to=polling,cpu=standby'],
      'swap 1: cpu=standby hands over to a second CPU, and there is none',
      'add --standby',
    ],
    ['key of a card', [...RUN, '--nic', 'eth0,queus=2'], 'queus is no known key', 'did you mean "queues"?'],
    ['method', [...RUN, '--swap', 'at=1s,to=polling,method=hot'], '"hot"', '"inplace", "drain" or "reset"'],
    ['link', [...RUN, '--link', 'lossy'], '"lossy"', '"lossless" or "open"'],
  ]);
});

describe('a value out of its range', () => {
  refuses([
    [
      'ring',
      [...RUN, '--driver', 'polling:rxRing=8192'],
      'rxRing=8192',
      'a power of two from 8 to 4096 (descriptors)',
    ],
    [
      'ring between two powers',
      [...RUN, '--driver', 'polling:txRing=1000'],
      'txRing=1000',
      'a power of two from 8 to 4096',
    ],
    [
      'buffers',
      [...RUN, '--driver', 'polling:rxBuffers=4'],
      'rxBuffers=4',
      'a whole number from 8 to 4095 (buffers)',
    ],
    [
      'half a buffer',
      [...RUN, '--driver', 'polling:rxBuffers=20.5'],
      'rxBuffers=20.5',
      'whole number from 8 to 4095',
    ],
    ['burst', [...RUN, '--driver', 'batching:burst=257'], 'burst=257', 'from 1 to 256 (frames)'],
    [
      'moderation',
      [...RUN, '--driver', 'interrupt:coalesceUs=5000'],
      'coalesceUs=5000',
      'from 0 to 1022 (us)',
    ],
    ['swap', [...RUN, '--swap', 'at=1s,to=batching,rxRing=4'], 'swap 1: rxRing=4', 'from 8 to 4096'],
    [
      'varied ring',
      [...RUN, '--swap-every', '5ms,rxRing=512/96'],
      'rxRing=96',
      'a power of two from 8 to 4096',
    ],
    ['queues', [...RUN, '--nic', 'eth0,queues=9'], 'queues is 9', 'from 1 to 8'],
    ['size', ['run', '--size', '63'], 'size is 63', 'from 64 to 9216 or "imix"'],
    ['flows', [...RUN, '--flows', '65537'], 'flows is 65537', 'from 1 to 65536'],
    ['frames', ['run', '--frames', '0'], 'frames is 0', 'at least 1'],
    ['rate', [...RUN, '--rate', '0'], 'rate is 0', 'at least 1'],
    ['seed', [...RUN, '--seed', '4294967296'], 'from 0 to 4294967295'],
    ['duration', ['run', '--duration', '5'], '"5"', '"250us"'],
    ['parameter that is no number', [...RUN, '--driver', 'polling:rxRing=big'], '"big"', 'a number'],
  ]);
});

describe('what contradicts itself', () => {
  refuses([
    ['frames and duration', [...RUN, '--duration', '1s'], 'both "frames" and "duration"'],
    ['capture and size', [...RUN, '--capture', 'data/lan-mix.pcap'], 'both "capture" and "size"'],
    ['capture and size of a card', ['run', '--nic', 'a,size=64,capture=x.pcap'], 'both "capture" and "size"'],
    ['two cards of one name', [...RUN, '--nic', 'a', '--nic', 'a'], 'two devices named a'],
    ['one option twice', [...RUN, '--nic', 'a,queues=2,queues=3'], '"queues" is given twice'],
    [
      'generated frames at a recorded rate',
      [...RUN, '--rate', 'recorded'],
      'rate recorded',
      'generated frames',
    ],
    ['forwarding by one card', [...RUN, '--app', 'forward'], 'forward', 'add another --nic'],
    [
      'forwarding to an echo',
      [...RUN, '--nic', 'a,app=forward', '--nic', 'b,app=echo'],
      'a forwards by b, which echoes',
    ],
    [
      'forwarding between unequal cards',
      [...RUN, '--app', 'forward', '--nic', 'a', '--nic', 'b,queues=2'],
      'same number of queues',
    ],
    [
      'a swap of one of two cards',
      [...RUN, '--nic', 'a', '--nic', 'b', '--swap', 'at=1s,to=polling'],
      'one of nic=a, nic=b',
    ],
    ['a swap without a driver', [...RUN, '--swap', 'at=1s'], 'lacks "to"'],
    ['a swap in other words', [...RUN, '--swap', 'polling'], '"polling" is not of the form key=value'],
  ]);
});

describe('other commands', () => {
  refuses([
    ['plan with an unknown driver', ['plan', '--swap', 'at=1s,to=dpdk'], 'swap 1: there is no driver dpdk'],
    ['list with no file', ['list', 'drivers'], 'driver module drivers: there is no such file'],
    ['inspect of nothing', ['inspect'], "missing required argument 'file'"],
  ]);
});
