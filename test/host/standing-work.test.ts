/** What a machine's memory says of drivers that let work lie; and of those that have a reason to. */
import { describe, expect, it } from 'vitest';
import type { TxRing } from '../../src/drivers/nic/tx-ring.ts';
import { type Hang, Watchdog } from '../../src/exec/threads/watchdog.ts';
import { lookoutOf } from '../../src/host/standing-work.ts';
import { rdt, tdt } from '../../src/hw/nic/datasheet.ts';
import { TestMachine } from '../machine.ts';

/** Turns between two looks: few, for a driver that is never held up. */
const TURNS = 200;
const LOOKS = 60;
const PAUSE_QUANTA = 0xffff;

/** A watchdog over all cards; `look` lets the machine go on between its looks. */
function watched(machine: TestMachine) {
  const hangs: Hang[] = [];
  let beat = 0;
  const { memory, layout, clock } = machine;
  const devices = layout.cards.map((card, i) => ({
    look: lookoutOf(
      memory,
      layout,
      card,
      clock,
      ({ index }) => machine.slot(index).environment.state.region.address,
    ),
    offers: () => machine.slot(i).deliveries,
    isSwapping: () => machine.slot(i).mediator !== null,
  }));
  const cpu = { beat: () => ++beat * 100, asleep: () => machine.asleep, serving: () => 0, devices };
  const dog = new Watchdog(cpu, (hang) => hangs.push(hang));
  const look = (times = LOOKS, meanwhile: () => void = () => undefined) => {
    for (let i = 0; i < times; i++) {
      dog.look();
      meanwhile();
      machine.runFor(TURNS);
    }
    return hangs;
  };
  return { look };
}

/** From now on a doorbell is not rung. */
function silence(machine: TestMachine, doorbell: number): void {
  const { port } = machine.slot().environment;
  const write = port.write32.bind(port);
  port.write32 = (offset, value) => {
    if (offset !== doorbell) write(offset, value);
  };
}

describe('a driver that lets work lie', () => {
  it('is found by frames in its ring', () => {
    const machine = TestMachine.started({ cards: [{ frames: 100_000 }] });
    machine.runFor(500);
    machine.slot().driver.poll = () => 0;
    expect(watched(machine).look()).toEqual([
      {
        device: 0,
        steps: true,
        reason: expect.stringMatching(
          /^frames lie in receive ring 0, and none is taken: `consumed` stood at \d+ /,
        ),
      },
    ]);
  });

  it('is found by a ring without descriptors, whether it posts none or does not say so', () => {
    for (const lose of [
      (machine: TestMachine) => silence(machine, rdt(0)),
      ({ cpu }: TestMachine) => {
        cpu.pool.claim = () => 0;
      },
    ]) {
      const machine = TestMachine.started({ cards: [{ frames: 1_000_000, app: 'echo' }] });
      machine.runFor(500);
      lose(machine);
      const [hang] = watched(machine).look(150);
      expect(hang?.reason).toMatch(/^the card holds frames, and receive ring 0 has no descriptors: `RDT`/);
    }
  });

  it('is found by a transmit doorbell that is not rung', () => {
    const machine = TestMachine.started({ cards: [{ frames: 1_000_000, app: 'echo' }] });
    machine.runFor(500);
    silence(machine, tdt(0));
    const [hang] = watched(machine).look();
    expect(hang?.reason).toMatch(/^frames lie in transmit ring 0 behind its tail: `TDT`/);
  });

  it('is found by sent frames that it does not take home while others wait to be sent', () => {
    const machine = TestMachine.started({ cards: [{ frames: 1_000_000, app: 'echo' }] });
    machine.runFor(500);
    const rings: readonly TxRing[] = Reflect.get(machine.slot().driver, 'tx');
    for (const ring of rings) ring.reclaim = () => 0;
    const hangs = watched(machine).look();
    expect(hangs[0]?.reason).toMatch(/^transmit ring 0 is full of sent frames, and none is taken home/);
  });
});

describe('a driver that has a reason', () => {
  it.each(['interrupt', 'polling', 'batching'])('is let alone on an idle link: %s', (driver) => {
    const machine = TestMachine.started({ cards: [{ driver, frames: 300, app: 'echo' }] });
    expect(watched(machine).look()).toEqual([]);
  });

  it.each(['interrupt', 'polling', 'batching'])(
    'is let alone under full load, and on a slow device: %s',
    (driver) => {
      const machine = TestMachine.started({ cards: [{ driver, frames: 10_000_000, app: 'echo' }] });
      const { look } = watched(machine);
      expect(look()).toEqual([]);
      machine.pattern = (random) => ({ hardware: random() % 40 === 0 ? 1 : 0, cpu: 1, us: 1 });
      expect(look()).toEqual([]);
    },
  );

  it.each(['interrupt', 'polling', 'batching'])(
    'is let alone while the link partner lets nothing be sent, and the application holds: %s',
    (driver) => {
      const machine = TestMachine.started({ cards: [{ driver, frames: 10_000_000, app: 'echo' }] });
      const { look } = watched(machine);
      const hangs = look(LOOKS, () => machine.hardware.nics[0].paused(PAUSE_QUANTA, machine.clock.us));
      expect(machine.slot().environment.state.workWaits()).toBe(true);
      expect(hangs).toEqual([]);
    },
  );

  it('is let alone while it is drained, however long', () => {
    const machine = TestMachine.started({ cards: [{ driver: 'polling', frames: 10_000_000 }] });
    machine.runFor(500);
    machine.ask('batching', {}, 'drain');
    machine.slot().driver.poll = () => 0;
    machine.runFor(20);
    expect(machine.slot().mediator).not.toBeNull();
    expect(watched(machine).look(25)).toEqual([]);
  });

  it('is let alone before it has been started', () => {
    const machine = new TestMachine({ cards: [{}] });
    const { memory, layout, clock } = machine;
    expect(lookoutOf(memory, layout, layout.cards[0], clock, () => 0)()).toEqual([]);
    // And where its block says nothing yet.
    const { address } = machine.slot().environment.state.region;
    expect(lookoutOf(memory, layout, layout.cards[0], clock, () => address)()).toEqual([]);
  });
});
