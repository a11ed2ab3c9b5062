/** What a CPU is told while it runs: it receives no events, so a word in memory says that there is mail, and it looks. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Control } from '../../host/control.ts';
import type { SwapDesk } from '../../swap/desk.ts';
import type { SwapRecord } from '../../swap/record.ts';
import type { LoadOrder, Order } from './messages.ts';

/** The CPU's side. */
export class Orders {
  /** A driver is being loaded, or to be: no further order is taken before that has come to its end. */
  loading = false;
  private toLoad: LoadOrder | undefined;
  private readonly port: MessagePort;
  private readonly control: Control;
  /** Of swaps that have not ended, by their numbers. */
  private readonly tickets = new Map<number, number>();
  private taken = 0;

  constructor(port: MessagePort, control: Control) {
    this.port = port;
    this.control = control;
  }

  /** Is there an order that was not taken? One load, of a word that is written when there is. */
  get waiting(): boolean {
    return this.control.mail !== this.taken;
  }

  /** Is there one at all that is not done with? */
  get pressing(): boolean {
    return this.loading || this.waiting;
  }

  /** Asks for what was ordered. Each announced message was posted before; one that is not there yet is looked for again. */
  take(desk: SwapDesk): void {
    for (; this.waiting && !this.loading; this.taken++) {
      const mail = receiveMessageOnPort(this.port);
      if (mail === undefined) return;
      const order: Order = mail.message;
      if (order.kind === 'load') {
        this.loading = true;
        this.toLoad = order;
        continue;
      }
      const { ticket, slot, to, parameters, method } = order;
      this.tickets.set(desk.nextId, ticket); // before asking: a refusal ends at once
      desk.ask(slot, to, parameters, method);
    }
  }

  /** The driver that is to be loaded; once, then `loading` is for the caller to end. */
  takeLoad(): LoadOrder | undefined {
    const order = this.toLoad;
    this.toLoad = undefined;
    return order;
  }

  /** By which order the swap was asked for that has ended, if by any. */
  ticketOf({ id }: SwapRecord): number | undefined {
    const ticket = this.tickets.get(id);
    this.tickets.delete(id);
    return ticket;
  }
}

/** The other side: posts, and counts what it has posted. */
export class OrderPost {
  private readonly port: MessagePort;
  private readonly control: Control;
  private posted = 0;

  constructor(port: MessagePort, control: Control) {
    this.port = port;
    this.control = control;
  }

  /** The message first, then the word that announces it. */
  send(order: Order): void {
    this.port.postMessage(order);
    this.control.announceMail(++this.posted);
  }
}
