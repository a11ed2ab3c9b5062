import { type RecoveryEvent, type RunningMachine, UsageError } from '../../testbed/index.ts';
import { checkedMethod, SWAP_METHODS } from '../../testbed/running-device.ts';
import type { Screen } from '../screen.ts';
import {
  renderCommands,
  renderHandover,
  renderMistake,
  renderRecovery,
  renderStatus,
  renderSwap,
  renderUpgrade,
} from './replies.ts';
import { parseTyped, type Typed, type Vocabulary } from './typed.ts';

export interface Answer {
  readonly text: string;
  /** No more commands are to come. */
  readonly last: boolean;
}

export function vocabularyOf({ devices }: RunningMachine): Vocabulary {
  return { devices, methods: SWAP_METHODS };
}

/** Does what a line says. A mistake is answered with what to type. */
export async function answerTo(line: string, running: RunningMachine, screen: Screen): Promise<Answer> {
  try {
    const typed = parseTyped(line, vocabularyOf(running));
    const text = typed === undefined ? '' : await replyTo(typed, running, screen);
    return { text, last: typed?.kind === 'quit' };
  } catch (error) {
    if (error instanceof UsageError) return { text: renderMistake(error, screen), last: false };
    throw error;
  }
}

async function replyTo(typed: Typed, running: RunningMachine, screen: Screen): Promise<string> {
  switch (typed.kind) {
    case 'swap': {
      const { device, to, parameters } = typed;
      const method = checkedMethod(typed.method ?? 'inplace', `swap ${device} ${to}`);
      return renderSwap(await running.device(device).swap(to, parameters, { method }), screen);
    }
    case 'handover':
      return renderHandover(await running.handOver(), screen);
    case 'kill':
      return renderRecovery(await recovery(running), screen);
    case 'upgrade': {
      const { driver, file, allOrNone, lazy } = typed;
      return renderUpgrade(await running.upgrade(driver, file, { allOrNone, lazy }), screen);
    }
    case 'status':
      return renderStatus(running.status(), screen);
    case 'help':
      return renderCommands(screen);
    case 'quit':
      return '';
  }
}

/** The CPU is ended; resolves when another one serves. Throws UsageError when the run ends of it. */
async function recovery(running: RunningMachine): Promise<RecoveryEvent> {
  const events = running.events();
  await running.killCpu();
  for await (const event of events) if (event.kind === 'recovery') return event;
  throw new UsageError('the CPU has ended, and with it the run');
}
