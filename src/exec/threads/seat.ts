/** One of a machine's CPUs: its thread, and what it is told by while it serves. */
import { MessageChannel } from 'node:worker_threads';
import type { Control } from '../../host/control.ts';
import { CPUS } from '../../host/machine.ts';
import type { SwapRecord } from '../../swap/record.ts';
import type { OwnModule } from '../modules/own-module.ts';
import type { GoingBack } from './going-back.ts';
import type { Beginning, CpuResult, CpuStart } from './messages.ts';
import { OrderPost } from './orders.ts';
import { type CauseOfEnd, OutOfService } from './relief.ts';
import { ThreadHandle } from './thread-handle.ts';

export type CpuOptions = Omit<CpuStart, 'number' | 'begins' | 'relieved' | 'orders'> & {
  readonly takesOrders: boolean;
  readonly standby: boolean;
};

/** Why a thread was told to end. */
export interface Doom {
  readonly cause: Exclude<CauseOfEnd, 'failure'>;
  readonly reason: string;
  /** Whose driver is to blame. */
  readonly device: number | undefined;
  readonly atUs: number;
}

export interface Seat {
  readonly number: number;
  readonly handle: ThreadHandle<CpuResult>;
  readonly orders: OrderPost;
  /** Of swaps on its present tour. */
  records: SwapRecord[];
  doom: Doom | undefined;
}

/** Why a thread has ended. */
export interface End {
  readonly cause: CauseOfEnd;
  readonly reason: string;
  readonly device: number;
  /** What runs above the driver failed, not the driver. */
  readonly ofApplication: boolean;
  /** When it was told to; undefined of one that nobody told. */
  readonly toldUs: number | undefined;
}

/** `modules`: drivers beyond those of the start. */
export function takeSeat(
  number: number,
  begins: Beginning,
  options: CpuOptions,
  modules: readonly OwnModule[],
  control: Control,
): Seat {
  const { takesOrders, standby, annotations, ...common } = options;
  const driverModules = [...common.driverModules, ...modules];
  const { port1, port2 } = new MessageChannel();
  const orders = new OrderPost(port1, control, number);
  const mail = takesOrders || standby ? port2 : undefined;
  // Comments of two CPUs go by way of this thread.
  const own = standby ? undefined : annotations;
  const start: CpuStart = {
    ...common,
    driverModules,
    ...{ number, begins, relieved: standby, orders: mail, annotations: own },
  };
  const ports = [own, mail].filter((port) => port !== undefined);
  const handle = new ThreadHandle<CpuResult>('cpu', start, ports);
  return { number, handle, orders, records: [], doom: undefined };
}

/** Of a thread that is no more: the device that it was at is the one to blame, unless something else is known. */
export async function endOf({ handle, doom }: Seat, control: Control, goingBack: GoingBack): Promise<End> {
  const { serving } = control;
  if (doom !== undefined) {
    const { cause, reason, device = serving, atUs } = doom;
    return { cause, reason, device, ofApplication: false, toldUs: atUs };
  }
  const { name, message } = await handle.failed.catch(asError);
  const ofApplication = name === 'ApplicationFailure';
  const reason = ofApplication ? message : `in ${goingBack.whoServes(serving)}: ${message}`;
  return { cause: 'failure', reason, device: serving, ofApplication, toldUs: undefined };
}

/** Why a machine with one CPU ends with it. */
export function unfollowed({ doom }: Seat, error: unknown): unknown {
  if (doom === undefined) return error;
  return new OutOfService(
    'the CPU was ended on request, and no other one stands by that could go on: start with standby',
  );
}

/** By number, of a machine of two CPUs. */
export function other(cpu: number): number {
  return (cpu + 1) % CPUS;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
