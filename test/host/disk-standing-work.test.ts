/** What a machine's memory says of drivers of disks that let work lie; and of those that have a reason to. */
import { describe, expect, it } from 'vitest';
import { DISK_DRIVERS } from '../../src/drivers/index.ts';
import { OP, RequestTable } from '../../src/drivers/nvme/requests.ts';
import { PAIR } from '../../src/drivers/nvme/state.ts';
import { type Hang, Watchdog } from '../../src/exec/threads/watchdog.ts';
import { Control } from '../../src/host/control.ts';
import { lookoutOfDisk } from '../../src/host/disk-standing-work.ts';
import { RequestRing } from '../../src/host/remote/request-ring.ts';
import { cqHead, sqTail } from '../../src/hw/nvme/datasheet.ts';
import type { DiskTypes } from '../../src/swap/disk-kind.ts';
import type { Slot } from '../../src/swap/slot.ts';
import { type DiskOptions, type Pattern, STEADY, TestMachine } from '../machine.ts';

/** Turns between two looks: few, for a driver that is never held up. */
const TURNS = 200;
const LOOKS = 60;
const NAMES = DISK_DRIVERS.map(({ name }) => name);
const REMOTE = { kind: 'remote', options: { requests: 16, transferBytes: 4096 } } as const;

function started(...disks: readonly DiskOptions[]): TestMachine {
  return TestMachine.started({ disks });
}

/** A watchdog over all disks; `look` lets the machine go on between its looks. */
function watched(machine: TestMachine) {
  const hangs: Hang[] = [];
  let beat = 0;
  const { memory, layout, cpu } = machine;
  const control = new Control(memory, layout.control);
  control.go();
  const devices = layout.disks.map((disk, i) => ({
    look: lookoutOfDisk(memory, disk, control, () => cpu.disks[i].slot.environment.state.region.address),
    offers: () => cpu.disks[i].slot.deliveries,
    isSwapping: () => control.isSwapping(i),
  }));
  const dog = new Watchdog(
    { beat: () => ++beat * 100, asleep: () => machine.asleep, serving: () => 0, devices },
    (hang) => hangs.push(hang),
  );
  const look = (times = LOOKS, meanwhile: () => void = () => machine.runFor(TURNS)) => {
    for (let i = 0; i < times; i++) {
      for (const { index, deliveries, mediator } of cpu.devices)
        control.tellProgress(index, deliveries, mediator !== null);
      dog.look();
      meanwhile();
    }
    return hangs;
  };
  return { look };
}

/** From now on a doorbell is not rung. */
function silence(machine: TestMachine, doorbell: number): void {
  const { port } = machine.disk().environment;
  const write = port.write32.bind(port);
  port.write32 = (offset, value) => {
    if (offset !== doorbell) write(offset, value);
  };
}

/** Has the disk commands, and is it told of all that there are? */
function isAtWork(machine: TestMachine): boolean {
  const { memory, state } = machine.disk().environment;
  const record = state.pair(1);
  const tail = memory.words[record + PAIR.tail];
  return tail === memory.words[record + PAIR.tailRung] && tail !== memory.words[record + PAIR.head];
}

function hangOf(device: number, reason: string): Hang {
  return { device, steps: true, reason: expect.stringMatching(new RegExp(`^${reason} stood at -?\\d+ `)) };
}

describe('a driver of a disk that lets work lie', () => {
  it('is found by completions that nobody takes, of the queue and the disk where they lie', () => {
    const machine = started({ driver: 'polling' }, { driver: 'polling', queues: 2 });
    machine.runFor(500);
    const { driver } = machine.disk(1);
    const pairs: readonly { readonly queue: number; waits(): boolean; reap(): number }[] = Reflect.get(
      driver,
      'pairs',
    );
    for (const pair of pairs) if (pair.queue === 2) pair.reap = () => 0;
    expect(watched(machine).look()).toEqual([
      hangOf(1, 'completions lie in completion queue 2, and none is taken: `head`'),
    ]);
  });

  it.each(NAMES)('is found by completions that nobody takes: %s', (driver) => {
    const machine = started({ driver, workload: { rw: 'randread', iodepth: 4 } });
    machine.runFor(500);
    expect(machine.runUntil(() => isAtWork(machine))).toBe(true);
    machine.disk().driver.poll = () => 0;
    const [hang] = watched(machine).look();
    expect(hang).toEqual(hangOf(0, 'completions lie in completion queue 1, and none is taken: `head`'));
  });

  it('is found by commands of which it does not tell the disk', () => {
    const machine = started({ driver: 'polling' });
    machine.runFor(500);
    silence(machine, sqTail(1));
    expect(watched(machine).look()).toEqual([
      hangOf(0, 'commands lie in submission queue 1 behind its doorbell: `SQTDBL`'),
    ]);
  });

  it('is found by a doorbell that it has never rung', () => {
    const machine = new TestMachine({ disks: [{ driver: 'polling' }] });
    machine.boot();
    silence(machine, sqTail(1));
    machine.start();
    const [hang] = watched(machine).look();
    expect(hang?.reason).toBe(
      'commands lie in submission queue 1 behind its doorbell: `SQTDBL` stood at 0 for 2 s',
    );
  });

  it('is found by commands that it holds back for ever', () => {
    const machine = started({ driver: 'batching', workload: { iodepth: 4 } });
    machine.runFor(500);
    const pairs: readonly { ringDoorbell(): void }[] = Reflect.get(machine.disk().driver, 'pairs');
    for (const pair of pairs) pair.ringDoorbell = () => undefined;
    const [hang] = watched(machine).look();
    expect(hang).toEqual(hangOf(0, 'commands lie in submission queue 1 behind its doorbell: `SQTDBL`'));
  });

  it('is found by a queue that the disk has filled, and is not told that it is read', () => {
    const machine = started({ driver: 'polling' });
    machine.runFor(500);
    silence(machine, cqHead(1));
    expect(watched(machine).look()).toEqual([
      hangOf(0, 'completion queue 1 is full of completions that were taken: `CQHDBL`'),
    ]);
  });

  it.each(NAMES)('is found by requests that it does not take, or that are its own for ever: %s', (name) => {
    for (const lose of [
      ({ driver }: Slot<DiskTypes>) => {
        driver.room = () => 0;
      },
      ({ driver }: Slot<DiskTypes>) => {
        driver.submit = (_queue, _requests, count) => count;
      },
    ]) {
      const machine = started({ driver: name });
      machine.runFor(500);
      lose(machine.disk());
      const [hang] = watched(machine).look();
      expect(hang).toEqual(hangOf(0, 'requests wait, and no command is outstanding: `completed`'));
    }
  });

  it('is found by requests of another thread', () => {
    const machine = started({ driver: 'interrupt', client: REMOTE });
    const { look } = watched(machine);
    expect(look()).toEqual([]);
    const ask = asker(machine);
    ask();
    expect(look()).toEqual([]);
    machine.disk().driver.submit = () => 0;
    ask();
    expect(look()).toEqual([hangOf(0, 'requests wait, and no command is outstanding: `completed`')]);
  });
});

/** Another thread: each call is one more request. */
function asker({ memory, layout, cpu, clock }: TestMachine): () => void {
  const [{ requests, data, client }] = layout.disks;
  if (client.kind !== 'remote') throw new Error('a disk with a workload');
  const ring = new RequestRing(memory, client.regions.submissions);
  const table = new RequestTable(memory, requests);
  let next = 0;
  return () => {
    table.prepare(next, OP.read, 0, 8, data.address + next * REMOTE.options.transferBytes, 0);
    ring.push(next++);
    ring.publish();
    cpu.port.bell.ring(clock.us);
  };
}

describe('a driver of a disk that has a reason', () => {
  const SLOW: Pattern = (random) => ({ hardware: random() % 40 === 0 ? 1 : 0, cpu: 1, us: 1 });

  it.each(NAMES)('is let alone when all is done: %s', (driver) => {
    const machine = started({ driver, workload: { requests: 300, rw: 'write', flushEvery: 20 } });
    const { look } = watched(machine);
    expect(look(300)).toEqual([]);
    expect(machine.cpu.disks[0].client.finished).toBe(true);
  });

  it.each(NAMES)('is let alone under full load, and on a slow thread of the hardware: %s', (driver) => {
    const workload = { rw: 'randrw', flushEvery: 10, fua: 10, zeroes: 10 } as const;
    const machine = started({ driver, queues: 2, workload });
    const { look } = watched(machine);
    for (const pattern of [STEADY, SLOW]) {
      machine.pattern = pattern;
      expect(look()).toEqual([]);
    }
  });

  it.each(NAMES)('is let alone while the disk takes longer for a command than one looks: %s', (driver) => {
    for (const iodepth of [1, 32]) {
      const mediaUs = 40 * TURNS;
      const machine = started({ driver, mediaUs, workload: { rw: 'randrw', flushEvery: 3, iodepth } });
      expect(watched(machine).look(5 * LOOKS)).toEqual([]);
    }
  });

  it('is let alone while it waits for more to join, or the disk for more to tell of', () => {
    const parameters = { batch: 256, holdUs: 10 * TURNS };
    const machine = started({ driver: 'batching', parameters, workload: { iodepth: 1 } });
    expect(watched(machine).look(5 * LOOKS)).toEqual([]);
  });

  it('is let alone if its doorbell has the same value at each look, since its queue has come round', () => {
    const parameters = { queueDepth: 2, batch: 32, holdUs: 20 };
    const machine = started({ driver: 'batching', parameters, workload: { iodepth: 1 } });
    const { memory, port, state } = machine.disk().environment;
    const record = state.pair(1);
    const slots = memory.words[record + PAIR.slots];
    let rung = 0;
    const write = port.write32.bind(port);
    port.write32 = (offset, value) => {
      if (offset === sqTail(1)) rung++;
      write(offset, value);
    };
    const held = () => memory.words[record + PAIR.tail] !== memory.words[record + PAIR.tailRung];
    const hangs = watched(machine).look(LOOKS, () => {
      const next = rung + slots;
      expect(machine.runUntil(() => rung === next && held())).toBe(true);
    });
    expect(hangs).toEqual([]);
  });

  it('is let alone while its buffer is too small for what is written', () => {
    const parameters = { buffers: 8 };
    const workload = { rw: 'randwrite', flushEvery: 5 } as const;
    const machine = started({ driver: 'buffered', parameters, workload, mediaUs: 5 * TURNS });
    expect(watched(machine).look(5 * LOOKS)).toEqual([]);
  });

  it('is let alone while it is drained, however long', () => {
    const machine = started({ driver: 'polling' });
    machine.runFor(500);
    machine.ask('batching', {}, 'drain');
    machine.disk().driver.poll = () => 0;
    machine.runFor(20);
    expect(machine.disk().mediator).not.toBeNull();
    expect(watched(machine).look(25)).toEqual([]);
  });

  it('is let alone before it has been started, and before anything is asked for', () => {
    const machine = new TestMachine({ disks: [{}] });
    const { memory, layout } = machine;
    const control = new Control(memory, layout.control);
    const { address } = machine.disk().environment.state.region;
    const lookout = lookoutOfDisk(memory, layout.disks[0], control, () => address);
    expect(lookoutOfDisk(memory, layout.disks[0], control, () => 0)()).toEqual([]);
    expect(lookout()).toEqual([]); // its block says nothing yet
    machine.boot();
    expect(lookout()).toEqual([]);
    control.go();
    expect(lookout()).toMatchObject([{ word: 'completed', at: 0 }]);
  });
});
