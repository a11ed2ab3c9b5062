/** The steps of a plan in sentences, for the dry run: a swap under way has no use for them. */
import { type Plan, PROBATION_BURSTS, type Situation, type Step } from './plan.ts';

export interface StepText extends Step {
  readonly text: string;
  /** How it is undone if a later step fails. */
  readonly undo: string | undefined;
}

export function describeSteps(situation: Situation, plan: Plan): StepText[] {
  const moving = [...plan.moves];
  return plan.steps.map((step) => {
    const queue = step.kind === 'moveQueues' ? moving.shift() : undefined;
    const [text, undo] = sentences(step, situation, plan, queue ?? 0);
    return { ...step, text, undo };
  });
}

/** What is done, and how it is undone. `queue` is the one that moves. */
function sentences(
  { kind }: Step,
  { from: { name: from }, to: { name: to }, queues }: Situation,
  plan: Plan,
  queue: number,
): readonly [text: string, undo?: string] {
  const { format, imported, moves, newSlots, buffersDuring, buffersAfter } = plan;
  switch (kind) {
    case 'agree':
      return [agreed(from, to, plan)];
    case 'create':
      return [`make driver ${to}`, 'drop it'];
    case 'reserve':
      return [`have ${buffersDuring} packet buffers, mapped`, 'give back what was added'];
    case 'makeRings':
      return [`make ${counted(moves.length, 'receive ring')} of ${newSlots} descriptors`, 'free them'];
    case 'warm':
      return [`run ${to} on a scratch ring`];
    case 'drain':
      return ['post no more buffers, serve until the rings are empty', 'post buffers again'];
    case 'quiesce':
      return [`${from} ends its burst and masks its vectors`, `${from} goes on`];
    case 'tearDown':
      return [
        `disable ${counted(queues, 'queue pair')}, throw away what is in them, free the rings`,
        `cold start of ${from}`,
      ];
    case 'coldStart':
      return [`reset the card, cold start of ${to}`];
    case 'export':
      return [`${from} exports ${format}`, 'the state block as it was'];
    case 'validate':
      return ['header and ring records hold together'];
    case 'import':
      return [`${to} imports ${imported}`, 'the state block as it was'];
    case 'convert':
      return converted(plan);
    case 'point':
      return [`the slot points to ${to}`, `hand the rings back to ${from}`];
    case 'activate':
      return [`${to} sets its vectors and looks at the rings once more`];
    case 'watch':
      return [`${to} must serve ${PROBATION_BURSTS} bursts; all slots are walked`];
    case 'moveQueues':
      return [
        `frames of queue ${queue} go to a ring of ${newSlots} on a spare queue, in order`,
        `hand the rings, moved or not, back to ${from}`,
      ];
    case 'release':
      return [`${from} releases what it holds`];
    case 'trim':
      return [`keep ${buffersAfter} packet buffers for this card`];
    case 'configure':
    case 'settle':
    case 'abstain':
    case 'keep':
    case 'resubmit':
      throw new Error(`a swap of a card has no step ${kind}`);
  }
}

/** The same for a disk. */
export function describeDiskSteps(from: string, to: string, plan: Plan): StepText[] {
  return plan.steps.map((step) => {
    const [text, undo] = diskSentences(step, from, to, plan);
    return { ...step, text, undo };
  });
}

function diskSentences(
  { kind }: Step,
  from: string,
  to: string,
  plan: Plan,
): readonly [text: string, undo?: string] {
  const { format, imported, method, moves, newSlots } = plan;
  switch (kind) {
    case 'agree':
      return [agreed(from, to, plan)];
    case 'create':
      return [`make driver ${to}`, 'drop it'];
    case 'configure':
      return [`tell the disk how ${to} wants its interrupts`, `tell it how ${from} wants them`];
    case 'settle':
      return [`${from} writes out what it keeps, and serves on`, `${from} keeps again`];
    case 'makeRings':
      return [`make ${counted(moves.length, 'queue pair')} of depth ${newSlots}`, 'delete them'];
    case 'moveQueues':
      return [
        `requests go to a pair of depth ${newSlots}; the old one is deleted when its commands are done`,
        'delete pairs that took nothing yet',
      ];
    case 'warm':
      return ['play the pause through on a scratch disk'];
    case 'drain':
      return ['take no more requests, serve until none is outstanding', 'take requests again'];
    case 'quiesce':
      return [`${from} ends its burst and masks its vectors; commands stay in flight`, `${from} goes on`];
    case 'export':
      return [`${from} exports ${format}`, 'the state block as it was'];
    case 'tearDown':
      return [
        'reset the controller, hand over what it has completed, end flushes, discards and zeroes with an error',
        `reset it once more, for ${from} and queue pairs as it had them`,
      ];
    case 'coldStart':
      return [`enable the controller, make queue pairs of depth ${newSlots}, configure it as ${to} wants it`];
    case 'validate':
      return ['header and queue records hold together'];
    case 'import':
      return method === 'reset'
        ? [`${to} imports ${imported}, with queue pairs that are empty`]
        : [`${to} imports ${imported}, with the commands that are in flight`, 'the state block as it was'];
    case 'convert':
      return converted(plan);
    case 'point':
      return [`the slot points to ${to}`, `hand the queues back to ${from}`];
    case 'activate':
      return [`${to} sets its vectors and looks at the queues once more`];
    case 'abstain':
      return [`${to} keeps nothing yet that ${from} could not take back`];
    case 'keep':
      return [`${to} is told that ${from} will not come back, and keeps what it likes`];
    case 'resubmit':
      return [`give ${to} the reads and writes that were in flight, before it takes others`];
    case 'watch':
      return [`${to} must serve ${PROBATION_BURSTS} bursts; all commands are walked`];
    case 'release':
      return [`${from} releases what it holds`];
    default:
      throw new Error(`a swap of a disk has no step ${kind}`);
  }
}

function agreed(from: string, to: string, { format, imported, converters }: Plan): string {
  if (converters.length === 0) return `${from} exports ${format}, ${to} imports it`;
  return `${from} exports ${format}, converters make ${imported} of it, ${to} imports that`;
}

function converted({ format, converters }: Plan): readonly [text: string, undo: string] {
  const way = [format, ...converters.map(({ to }) => to)].join(' → ');
  return [`convert what the driver has for itself: ${way}`, 'as it was exported'];
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
