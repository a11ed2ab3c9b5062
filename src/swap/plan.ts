/** What a swap will do, as data: a pure function of who is there, who is to come, and with what parameters. */
import type { NicDriverDefinition } from '../drivers/contract.ts';
import { type Parameters, resolveParameters } from '../drivers/parameters.ts';
import { QUEUES } from '../hw/nic/datasheet.ts';

export const PHASES = [
  'negotiate',
  'prepare',
  'quiesce',
  'transfer',
  'commit',
  'probation',
  'move',
  'retire',
] as const;
export type Phase = (typeof PHASES)[number];
export const METHODS = ['inplace', 'drain', 'reset'] as const;
export type Method = (typeof METHODS)[number];

export type StepKind =
  | 'agree'
  | 'create'
  | 'reserve'
  | 'makeRings'
  | 'warm'
  | 'drain'
  | 'quiesce'
  | 'export'
  | 'validate'
  | 'import'
  | 'tearDown'
  | 'coldStart'
  | 'point'
  | 'activate'
  | 'watch'
  | 'moveQueues'
  | 'release'
  | 'trim';

export interface Step {
  readonly phase: Phase;
  readonly kind: StepKind;
  readonly text: string;
  /** How it is undone if a later step fails. */
  readonly undo?: string;
}

/** A receive queue whose ring is to have another length. */
export interface QueueView {
  readonly queue: number;
  readonly slots: number;
  /** Buffers that lie on it now. */
  readonly posted: number;
  /** Does the redirection table send frames there? */
  readonly steered: boolean;
}

export interface Situation {
  readonly from: NicDriverDefinition;
  readonly fromParameters: Parameters;
  readonly to: NicDriverDefinition;
  readonly given: Parameters;
  readonly method: Method;
  /** Queue pairs in use, and receive queues with their rings. */
  readonly queues: number;
  readonly rings: readonly QueueView[];
}

export interface Plan {
  readonly format: string;
  readonly parameters: Parameters;
  readonly method: Method;
  /** Queues that move, in their order. */
  readonly moves: readonly number[];
  readonly newSlots: number;
  /** Packet buffers that the card's rings can hold at the most, during the swap and after it. */
  readonly buffersDuring: number;
  readonly buffersAfter: number;
  readonly steps: readonly Step[];
  readonly notes: readonly string[];
}

/** The swap cannot be done; nothing has been touched. */
export class Refusal extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'Refusal';
  }
}

/** Throws Refusal, or ParameterError for values out of range. */
export function planSwap(situation: Situation): Plan {
  const { from, to, method } = situation;
  const format = negotiate(from, to);
  const parameters = parametersAfter(situation);
  const moves = method === 'reset' ? [] : queuesToMove(situation, parameters);
  const notes = remarks(situation, parameters, moves);
  const newSlots = parameters.rxRing ?? 0;
  const buffersAfter = buffersKept(situation, parameters, moves);
  const buffersDuring = Math.max(buffersAfter, buffersMeanwhile(situation, parameters, moves));
  const plan = { format, parameters, method, moves, newSlots, buffersDuring, buffersAfter, notes };
  return { ...plan, steps: stepsOf(situation, plan) };
}

/** The first format of the old driver's that the new one takes. */
function negotiate(from: NicDriverDefinition, to: NicDriverDefinition): string {
  if (from.device !== to.device) throw new Refusal(`${to.name} drives ${to.device}, not ${from.device}`);
  const common = from.exports.find((format) => to.imports.includes(format));
  if (common !== undefined) return common;
  throw new Refusal(
    `no common state format: ${from.name} exports ${list(from.exports)}, ${to.name} imports ${list(to.imports)}`,
  );
}

/** Geometry that the request does not name is kept; transmit rings keep their length unless the card is reset. */
function parametersAfter({ to, given, fromParameters, method }: Situation): Parameters {
  const parameters = resolveParameters(to.name, to.parameters, given, fromParameters);
  const { txRing } = fromParameters;
  return method === 'reset' || txRing === undefined ? parameters : { ...parameters, txRing };
}

/** Packet buffers that a card just started may hold: posted ones, what waits in transmit rings, a burst on its way. */
export function buffersFor(parameters: Parameters, queues: number): number {
  return queues * posted(parameters, parameters.rxRing ?? 1) + sending(parameters, queues);
}

/** Receive buffers on one ring of so many slots. */
function posted(parameters: Parameters, slots: number): number {
  return Math.min(parameters.rxBuffers ?? 0, slots - 1);
}

function sending(parameters: Parameters, queues: number): number {
  return queues * ((parameters.txRing ?? 0) + (parameters.burst ?? 0));
}

/** Rings that stay, and the new ones. */
function buffersKept(
  { rings, queues, method }: Situation,
  parameters: Parameters,
  moves: readonly number[],
): number {
  if (method === 'reset') return buffersFor(parameters, queues);
  const staying = rings.filter((ring) => ring.queue === 0 || !moves.includes(ring.queue));
  const old = staying.reduce((sum, ring) => sum + posted(parameters, ring.slots), 0);
  return old + moves.length * posted(parameters, parameters.rxRing ?? 1) + sending(parameters, queues);
}

/** All rings, old and new, with what lies on the old ones, what the old driver and what the new one would post. */
function buffersMeanwhile(situation: Situation, parameters: Parameters, moves: readonly number[]): number {
  const { rings, queues, fromParameters } = situation;
  const old = rings.reduce(
    (sum, ring) =>
      sum + Math.max(ring.posted, posted(parameters, ring.slots), posted(fromParameters, ring.slots)),
    0,
  );
  const sent = Math.max(sending(parameters, queues), sending(fromParameters, queues));
  return old + moves.length * posted(parameters, parameters.rxRing ?? 1) + sent;
}

/** Queue 0 last: it keeps its ring beside the new one, so it takes a spare queue for good. */
function queuesToMove({ rings }: Situation, parameters: Parameters): number[] {
  const moves = rings
    .filter((ring) => ring.steered && ring.slots !== parameters.rxRing)
    .map((ring) => ring.queue);
  if (moves.length > 0 && rings.length >= QUEUES)
    throw new Refusal(
      `rxRing=${parameters.rxRing} needs a spare receive queue, and all ${QUEUES} are in use`,
    );
  return moves.sort((a, b) => b - a);
}

function remarks(situation: Situation, parameters: Parameters, moves: readonly number[]): string[] {
  const { method, rings } = situation;
  const notes: string[] = [];
  if (method === 'reset')
    return ['frames in the packet buffer, in the rings and on the wire during the reset are lost'];
  if (moves.includes(0))
    notes.push(
      `queue 0 keeps its ring of ${rings.find((ring) => ring.queue === 0)?.slots} for frames without an RSS hash: ` +
        'no filter reaches them all',
    );
  const { txRing } = situation.given;
  if (txRing !== undefined && txRing !== parameters.txRing)
    notes.push(
      `txRing stays ${parameters.txRing}: transmit rings change their length only with method=reset`,
    );
  return notes;
}

type Draft = Omit<Plan, 'steps'>;

function stepsOf(situation: Situation, plan: Draft): Step[] {
  const { from, to, queues } = situation;
  const steps: Step[] = [
    step('negotiate', 'agree', `${from.name} exports ${plan.format}, ${to.name} imports it`),
    step('prepare', 'create', `make driver ${to.name}`, 'drop it'),
    step(
      'prepare',
      'reserve',
      `have ${plan.buffersDuring} packet buffers, mapped`,
      'give back what was added',
    ),
  ];
  if (plan.moves.length > 0)
    steps.push(
      step(
        'prepare',
        'makeRings',
        `make ${counted(plan.moves.length, 'receive ring')} of ${plan.newSlots} descriptors`,
        'free them',
      ),
    );
  steps.push(step('prepare', 'warm', `run ${to.name} on a scratch ring`));
  if (plan.method === 'drain')
    steps.push(
      step('quiesce', 'drain', 'post no more buffers, serve until the rings are empty', 'post buffers again'),
    );
  steps.push(
    step('quiesce', 'quiesce', `${from.name} ends its burst and masks its vectors`, `${from.name} goes on`),
  );
  if (plan.method === 'reset')
    steps.push(
      step(
        'transfer',
        'tearDown',
        `disable ${counted(queues, 'queue pair')}, throw away what is in them, free the rings`,
        `cold start of ${from.name}`,
      ),
      step('transfer', 'coldStart', `reset the card, cold start of ${to.name}`),
    );
  else
    steps.push(
      step('transfer', 'export', `${from.name} exports ${plan.format}`, 'the state block as it was'),
      step('transfer', 'validate', 'header and ring records hold together'),
      step('transfer', 'import', `${to.name} imports ${plan.format}`, 'the state block as it was'),
    );
  steps.push(
    step('commit', 'point', `the slot points to ${to.name}`, `hand the rings back to ${from.name}`),
    step('commit', 'activate', `${to.name} sets its vectors and looks at the rings once more`),
    step('probation', 'watch', `${to.name} must serve ${PROBATION_BURSTS} bursts; all slots are walked`),
  );
  for (const queue of plan.moves)
    steps.push(
      step(
        'move',
        'moveQueues',
        `frames of queue ${queue} go to a ring of ${plan.newSlots} on a spare queue, in order`,
        `hand the rings, moved or not, back to ${from.name}`,
      ),
    );
  steps.push(
    step('retire', 'release', `${from.name} releases what it holds`),
    step('retire', 'trim', `keep ${plan.buffersAfter} packet buffers for this card`),
  );
  return steps;
}

/** Bursts with frames that end a probation. */
export const PROBATION_BURSTS = 8;

function step(phase: Phase, kind: StepKind, text: string, undo?: string): Step {
  return undo === undefined ? { phase, kind, text } : { phase, kind, text, undo };
}

function list(formats: readonly string[]): string {
  return formats.length === 0 ? 'none' : formats.join(', ');
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
