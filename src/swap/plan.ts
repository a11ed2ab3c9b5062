/** What a swap will do, as data: a pure function of who is there, who is to come, and with what parameters. */
import type { Converter, DriverDeclaration } from '../drivers/contract.ts';
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
  | 'configure'
  | 'settle'
  | 'drain'
  | 'quiesce'
  | 'export'
  | 'convert'
  | 'validate'
  | 'import'
  | 'tearDown'
  | 'coldStart'
  | 'point'
  | 'activate'
  | 'abstain'
  | 'resubmit'
  | 'watch'
  | 'moveQueues'
  | 'keep'
  | 'release'
  | 'trim';

export interface Step {
  readonly phase: Phase;
  /** Its place in PHASES. */
  readonly phaseNumber: number;
  readonly kind: StepKind;
}

/** What the plan for any device depends on. */
export interface CommonSituation {
  readonly from: DriverDeclaration;
  readonly fromParameters: Parameters;
  readonly to: DriverDeclaration;
  readonly given: Parameters;
  readonly method: Method;
  /** In use. */
  readonly queues: number;
}

/** A receive queue whose ring is to have another length. */
export interface QueueView {
  readonly queue: number;
  readonly slots: number;
  /** Buffers that lie on it now, or as many as the old driver posts. */
  readonly posted: number;
  /** Does the redirection table send frames there? */
  readonly steered: boolean;
}

export interface Situation extends CommonSituation {
  /** Receive queues with their rings. */
  readonly rings: readonly QueueView[];
}

/** How the state of the old driver comes to the new one. */
export interface Agreement {
  /** What the old driver exports. */
  readonly format: string;
  /** What the new one imports: the same, unless converters lead there. */
  readonly imported: string;
  readonly converters: readonly Converter[];
}

export interface Plan extends Agreement {
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
  const agreement = negotiate(from, to);
  const parameters = parametersAfter(situation);
  const moves = method === 'reset' ? [] : queuesToMove(situation, parameters);
  const notes = remarks(situation, parameters, moves);
  const newSlots = parameters.rxRing ?? 0;
  const buffersAfter = buffersKept(situation, parameters, moves);
  const buffersDuring = Math.max(buffersAfter, buffersMeanwhile(situation, parameters, moves));
  const converts = agreement.converters.length > 0;
  const steps =
    moves.length === 0 && !converts ? WITHOUT_MOVES[method] : sequence(method, moves.length, converts);
  return { ...agreement, parameters, method, moves, newSlots, buffersDuring, buffersAfter, steps, notes };
}

/** The first format of the old driver's from which a way leads to one that the new driver takes. Throws Refusal. */
export function negotiate(from: DriverDeclaration, to: DriverDeclaration): Agreement {
  if (from.device !== to.device) throw new Refusal(`${to.name} drives ${to.device}, not ${from.device}`);
  const converters = [...(to.converters ?? []), ...(from.converters ?? [])];
  for (const format of from.exports) {
    const way = shortestWay(format, to.imports, converters);
    if (way !== undefined) return { format, imported: way.at(-1)?.to ?? format, converters: way };
  }
  const known = converters.map((converter) => `${converter.from} → ${converter.to}`);
  const besides = known.length === 0 ? '' : `, and converters lead ${known.join(', ')} alone`;
  throw new Refusal(
    `no common state format: ${from.name} exports ${list(from.exports)}, ${to.name} imports ${list(to.imports)}${besides}`,
  );
}

function shortestWay(
  format: string,
  wanted: readonly string[],
  converters: readonly Converter[],
): readonly Converter[] | undefined {
  if (wanted.includes(format)) return [];
  const ways = new Map<string, readonly Converter[]>([[format, []]]);
  // What is added is come to later: nearer formats first.
  for (const [reached, way] of ways)
    for (const converter of converters) {
      if (converter.from !== reached || ways.has(converter.to)) continue;
      const longer = [...way, converter];
      if (wanted.includes(converter.to)) return longer;
      ways.set(converter.to, longer);
    }
  return undefined;
}

/** Geometry that the request does not name is kept; transmit rings keep their length unless the card is reset. */
function parametersAfter({ to, given, fromParameters, method }: Situation): Parameters {
  const parameters = resolveParameters(to.name, to.parameters, given, fromParameters);
  const { txRing } = fromParameters;
  const kept = method === 'reset' || txRing === undefined || txRing === parameters.txRing;
  return kept ? parameters : { ...parameters, txRing };
}

/**
 * Packet buffers that a card just started may hold: posted ones, and what waits in transmit rings. A burst on its
 * way lies in the one or in the other, so drivers that take more or less at a time need no other number.
 */
export function buffersFor(parameters: Parameters, queues: number): number {
  return queues * postedOn(parameters.rxRing ?? 1, parameters) + sending(parameters, queues);
}

/** The same of a card whose receive rings have these lengths by now. */
export function buffersOn(slots: readonly number[], parameters: Parameters, queues: number): number {
  return slots.reduce((sum, length) => sum + postedOn(length, parameters), sending(parameters, queues));
}

/** Receive buffers on one ring of so many slots. */
export function postedOn(slots: number, parameters: Parameters): number {
  return Math.min(parameters.rxBuffers ?? 0, slots - 1);
}

function sending(parameters: Parameters, queues: number): number {
  return queues * (parameters.txRing ?? 0);
}

/** Rings that stay, and the new ones. */
function buffersKept(
  { rings, queues, method }: Situation,
  parameters: Parameters,
  moves: readonly number[],
): number {
  if (method === 'reset') return buffersFor(parameters, queues);
  let old = 0;
  for (const ring of rings)
    if (ring.queue === 0 || !moves.includes(ring.queue)) old += postedOn(ring.slots, parameters);
  return old + moves.length * postedOn(parameters.rxRing ?? 1, parameters) + sending(parameters, queues);
}

/** All rings, old and new, with what lies on the old ones, what the old driver and what the new one would post. */
function buffersMeanwhile(situation: Situation, parameters: Parameters, moves: readonly number[]): number {
  const { rings, queues, fromParameters } = situation;
  let old = 0;
  for (const ring of rings)
    old += Math.max(ring.posted, postedOn(ring.slots, parameters), postedOn(ring.slots, fromParameters));
  const sent = Math.max(sending(parameters, queues), sending(fromParameters, queues));
  return old + moves.length * postedOn(parameters.rxRing ?? 1, parameters) + sent;
}

/** Queue 0 last: it keeps its ring beside the new one, so it takes a spare queue for good. */
function queuesToMove({ rings }: Situation, parameters: Parameters): number[] {
  const moves: number[] = [];
  for (const ring of rings) if (ring.steered && ring.slots !== parameters.rxRing) moves.push(ring.queue);
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

/** Bursts with frames that end a probation. */
export const PROBATION_BURSTS = 8;

/** What steps there are. The dry run has a sentence for each (wording.ts). */
const PHASE_OF: Readonly<Record<StepKind, Phase>> = {
  agree: 'negotiate',
  create: 'prepare',
  reserve: 'prepare',
  makeRings: 'prepare',
  warm: 'prepare',
  configure: 'prepare',
  settle: 'prepare',
  drain: 'quiesce',
  quiesce: 'quiesce',
  export: 'transfer',
  convert: 'transfer',
  validate: 'transfer',
  import: 'transfer',
  tearDown: 'transfer',
  coldStart: 'transfer',
  point: 'commit',
  activate: 'commit',
  abstain: 'commit',
  resubmit: 'probation',
  watch: 'probation',
  moveQueues: 'move',
  keep: 'retire',
  release: 'retire',
  trim: 'retire',
};

/** Almost every swap is one of these: made once. */
const WITHOUT_MOVES: Readonly<Record<Method, readonly Step[]>> = {
  inplace: sequence('inplace', 0, false),
  drain: sequence('drain', 0, false),
  reset: sequence('reset', 0, false),
};

function sequence(method: Method, moves: number, converts: boolean): readonly Step[] {
  const kinds: StepKind[] = ['agree', 'create', 'reserve'];
  if (moves > 0) kinds.push('makeRings');
  kinds.push('warm');
  if (method === 'drain') kinds.push('drain');
  kinds.push('quiesce');
  if (method === 'reset') kinds.push('tearDown', 'coldStart');
  else kinds.push('export', ...(converts ? (['convert'] as const) : []), 'validate', 'import');
  kinds.push('point', 'activate', 'watch');
  for (let move = 0; move < moves; move++) kinds.push('moveQueues');
  kinds.push('release', 'trim');
  return stepsOf(kinds);
}

export function stepsOf(kinds: readonly StepKind[]): readonly Step[] {
  return kinds.map((kind) => {
    const phase = PHASE_OF[kind];
    return { phase, phaseNumber: PHASES.indexOf(phase), kind };
  });
}

function list(formats: readonly string[]): string {
  return formats.length === 0 ? 'none' : formats.join(', ');
}
