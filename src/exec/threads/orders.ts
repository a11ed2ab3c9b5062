/** What a CPU is told while it runs: it receives no events, so a word in memory says that there is mail, and it looks. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { Control } from '../../host/control.ts';
import type { SwapDesk } from '../../swap/desk.ts';
import type { SwapRecord } from '../../swap/record.ts';
import type { CpuOrder, LoadOrder } from './messages.ts';

/** The CPU's side. */
export class Orders {
  /** A driver is being loaded, or to be: no further order is taken before that has come to its end. */
  loading = false;
  private toLoad: LoadOrder | undefined;
  private readonly port: MessagePort;
  private readonly control: Control;
  private readonly cpu: number;
  /** Of swaps that have not ended, by their numbers. */
  private readonly tickets = new Map<number, number>();
  private taken = 0;
  /** The CPU that is to serve next, once this one has been told to leave. */
  private successor: number | undefined;

  constructor(port: MessagePort, control: Control, cpu: number) {
    this.port = port;
    this.control = control;
    this.cpu = cpu;
  }

  /** Is there an order that was not taken? One load, of a word that is written when there is. */
  get waiting(): boolean {
    return this.successor === undefined && this.control.mail(this.cpu) !== this.taken;
  }

  /** Is there one at all that is not done with? */
  get pressing(): boolean {
    return this.loading || this.waiting;
  }

  /** The CPU to which the devices are to be passed. */
  get leavingTo(): number | undefined {
    return this.successor;
  }

  /** This CPU serves, from now on or again: what was going on before with others' devices is forgotten. */
  stay(): void {
    this.successor = undefined;
    this.tickets.clear();
  }

  /**
   * Does what was ordered. Each announced message was posted before; one that is not there yet is looked for again. `sinceUs`: how long
   * there has been traffic.
   */
  take(desk: SwapDesk, sinceUs: number): void {
    while (this.waiting && !this.loading) {
      const mail = receiveMessageOnPort(this.port);
      if (mail === undefined) return;
      this.taken++;
      this.follow(mail.message, desk, sinceUs);
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

  private follow(order: CpuOrder, desk: SwapDesk, sinceUs: number): void {
    switch (order.kind) {
      case 'swap': {
        const { ticket, slot, to, parameters, method, lazy } = order;
        this.tickets.set(desk.nextId, ticket); // before asking: a refusal ends at once
        return desk.ask(slot, to, parameters, method, lazy);
      }
      case 'load':
        this.loading = true;
        this.toLoad = order;
        return;
      case 'leave':
        this.successor = order.to;
        return;
      case 'resume':
        return desk.resume(order.timetable, sinceUs);
    }
  }
}

/** The other side: posts, and counts what it has posted. */
export class OrderPost {
  private readonly port: MessagePort;
  private readonly control: Control;
  private readonly cpu: number;
  private posted = 0;

  /** Of a thread that is new: nothing was posted to it yet. */
  constructor(port: MessagePort, control: Control, cpu: number) {
    this.port = port;
    this.control = control;
    this.cpu = cpu;
    control.announceMail(cpu, 0);
  }

  /** The message first, then the word that announces it. */
  send(order: CpuOrder): void {
    this.port.postMessage(order);
    this.control.announceMail(this.cpu, ++this.posted);
  }
}
