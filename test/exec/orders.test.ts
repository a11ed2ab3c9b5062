/** Orders to a CPU in its loop: a message, and a word that says how many there are. */
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { describe, expect, it, vi } from 'vitest';
import { batching } from '../../src/drivers/nic/batching.ts';
import type { Bundle } from '../../src/exec/modules/bundle.ts';
import type { Order, SwapOrder } from '../../src/exec/threads/messages.ts';
import { OrderPost, Orders } from '../../src/exec/threads/orders.ts';
import { Control } from '../../src/host/control.ts';
import { expectClean } from '../check/verdict.ts';
import { TestMachine } from '../machine.ts';

function order(ticket: number, to: string, slot = 0): SwapOrder {
  return { kind: 'swap', ticket, slot, to, parameters: {}, method: 'inplace', lazy: false };
}

const NO_BUNDLE: Bundle = {
  ...{ file: 'mine.mjs', code: '', digest: '', packages: new Map() },
  map: { file: '', version: 3, sources: [], sourcesContent: [], names: [], mappings: '', sourceRoot: '' },
};

function mailed() {
  const machine = TestMachine.started({ cards: [{ frames: 8000 }, { frames: 8000 }] });
  const control = new Control(machine.memory, machine.layout.control);
  const { port1, port2 } = new MessageChannel();
  const orders = new Orders(port2, control, 0);
  const post = new OrderPost(port1, control, 0);
  return { machine, control, port: port1, orders, post };
}

describe('orders', () => {
  it('wait from the moment they are announced until they are taken, and are taken in their order', () => {
    const { machine, port, orders, post } = mailed();
    const { desk } = machine.cpu;
    expect(orders.waiting).toBe(false);
    post.send(order(7, 'batching'));
    post.send(order(8, 'interrupt', 1));
    expect(orders.waiting).toBe(true);
    orders.take(desk, 0);
    expect(orders.waiting).toBe(false);
    expect(desk.underWay()).toEqual([1, 2]);
    machine.runUntil(() => machine.ended.length === 2);
    const told = machine.ended.map((record) => [record.device, record.to, orders.ticketOf(record)]);
    expect(told.sort()).toEqual([
      ['eth0', 'batching', 7],
      ['eth1', 'interrupt', 8],
    ]);
    port.close();
    expectClean(machine.conclude());
  });

  it('are announced when they have been posted, not before', () => {
    const { port1, port2 } = new MessageChannel();
    const machine = new TestMachine({});
    const control = new Control(machine.memory, machine.layout.control);
    const there: unknown[] = [];
    vi.spyOn(control, 'announceMail').mockImplementation((cpu, count) => {
      there.push([cpu, count, receiveMessageOnPort(port2)?.message]);
    });
    const post = new OrderPost(port1, control, 1);
    post.send(order(1, 'batching'));
    post.send(order(2, 'polling'));
    port1.close();
    expect(there).toEqual([
      [1, 0, undefined],
      [1, 1, order(1, 'batching')],
      [1, 2, order(2, 'polling')],
    ]);
  });

  it('that were posted and not announced are left where they are', () => {
    const { machine, port, orders, post } = mailed();
    post.send(order(1, 'batching'));
    port.postMessage(order(2, 'interrupt', 1));
    orders.take(machine.cpu.desk, 0);
    expect(machine.cpu.desk.underWay()).toEqual([1]);
    port.close();
    expectClean(machine.conclude());
  });

  it('behind one to load a driver wait until that is loaded', () => {
    const { machine, port, orders, post } = mailed();
    const { desk } = machine.cpu;
    const load: Order = { kind: 'load', ticket: 1, module: { name: 'mine', bundle: NO_BUNDLE } };
    post.send(order(7, 'batching'));
    post.send(load);
    post.send(order(8, 'mine', 1));
    orders.take(desk, 0);
    orders.take(desk, 0);
    expect(desk.underWay()).toEqual([1]);
    expect({ loading: orders.loading, pressing: orders.pressing }).toEqual({ loading: true, pressing: true });
    expect(orders.takeLoad()).toEqual(load);
    expect(orders.takeLoad()).toBeUndefined();
    orders.take(desk, 0);
    expect(desk.underWay()).toEqual([1]);
    desk.know({ ...batching, name: 'mine' });
    orders.loading = false;
    orders.take(desk, 0);
    expect(desk.underWay()).toEqual([1, 2]);
    expect(orders.pressing).toBe(false);
    machine.runUntil(() => machine.ended.length === 2);
    expect(machine.ended.map(({ to, outcome }) => `${to} ${outcome}`).sort()).toEqual([
      'batching done',
      'mine done',
    ]);
    port.close();
    expectClean(machine.conclude());
  });

  it('have their tickets when they are refused at once, and swaps that nobody ordered have none', () => {
    const { machine, port, orders, post } = mailed();
    post.send(order(5, 'poling'));
    const tickets: (number | undefined)[] = [];
    orders.take(machine.cpu.desk, 0);
    tickets.push(...machine.ended.map((record) => orders.ticketOf(record)));
    machine.swap('batching');
    tickets.push(orders.ticketOf(machine.ended[1]));
    expect(tickets).toEqual([5, undefined]);
    port.close();
    expectClean(machine.conclude());
  });

  it('behind the one to leave are left for nobody, until the CPU serves again', () => {
    const { machine, port, orders, post } = mailed();
    post.send(order(1, 'batching'));
    post.send({ kind: 'leave', to: 1 });
    post.send(order(2, 'interrupt', 1));
    orders.take(machine.cpu.desk, 0);
    expect(machine.cpu.desk.underWay()).toEqual([1]);
    expect(orders.leavingTo).toBe(1);
    expect(orders.waiting).toBe(false);
    orders.stay();
    expect(orders.waiting).toBe(true);
    orders.take(machine.cpu.desk, 0);
    expect(machine.cpu.desk.underWay()).toEqual([1, 2]);
    port.close();
    expectClean(machine.conclude());
  });
});
