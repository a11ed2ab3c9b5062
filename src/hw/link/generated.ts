import type { Memory, MemoryMap, Region } from '../memory.ts';
import { copy, put } from '../shared.ts';
import {
  buildHeader,
  checkWord,
  FILLER_OFFSET,
  FLOW_OFFSET,
  frameBytes,
  HEADER_WORDS,
  MAX_FRAME_BYTES,
  nextRandom,
  SEQUENCE_OFFSET,
} from './frames.ts';
import {
  FRAME_DAMAGED,
  FRAME_GAP,
  FRAME_OK,
  FRAME_OLD,
  type FrameChecker,
  type FrameSource,
} from './source.ts';
import type { UndoLog } from './undo.ts';

/**
 * Payloads are windows into one pseudo-random text, so that each sequence number has its own. They begin at every
 * other word, because long copies want both ends alike in their place within eight bytes.
 */
const WINDOWS = 1024;
const WINDOW_STEP = 2;
const TEXT_WORDS = MAX_FRAME_BYTES / 4 + WINDOWS * WINDOW_STEP + 1;
const HEADER_STRIDE = 12;
/** Places of the check word: a sequence number times an odd step, of which these bits count. */
const PLACE_BITS = 16;
const PLACE_MASK = (1 << PLACE_BITS) - 1;
const PLACE_STEP = 0x9e3b;
const SEQUENCE_WORD = SEQUENCE_OFFSET / 4;
const FLOW_WORD = FLOW_OFFSET >> 2;
const FLOW_SHIFT = 8 * (FLOW_OFFSET & 3);
const FILLER_WORD = FILLER_OFFSET / 4;

/** Plain data: what is generated, and where its templates lie. */
export interface GeneratedStream {
  readonly kind: 'generated';
  /** Wire sizes with FCS, taken in turn. */
  readonly sizes: readonly number[];
  readonly flows: number;
  readonly text: Region;
  readonly headers: Region;
}

export function layoutGenerated(map: MemoryMap, sizes: readonly number[], flows: number): GeneratedStream {
  return {
    kind: 'generated',
    sizes,
    flows,
    text: map.take(TEXT_WORDS * 4),
    headers: map.take(sizes.length * flows * HEADER_STRIDE * 4),
  };
}

/** Writes the templates: done once, before the threads start. */
export function prepareGenerated(
  memory: Memory,
  stream: GeneratedStream,
  mac: readonly number[],
  seed: number,
): void {
  let random = seed | 1;
  for (let word = 0; word < TEXT_WORDS; word++) {
    random = nextRandom(random);
    put(memory.words, (stream.text.address >>> 2) + word, random);
  }
  for (let size = 0; size < stream.sizes.length; size++)
    for (let flow = 0; flow < stream.flows; flow++) {
      const header = buildHeader(mac, flow, frameBytes(stream.sizes[size]));
      memory.bytes.set(header, stream.headers.address + (size * stream.flows + flow) * HEADER_STRIDE * 4);
    }
}

/** Where in the text the filler of a frame begins: all of it moves with the sequence number. */
function windowOf(flow: number, sequence: number): number {
  return ((Math.imul(sequence, 5) + Math.imul(flow, 131)) & (WINDOWS - 1)) * WINDOW_STEP;
}

/** Which filler word is the check word: one after another, scaled and not divided. */
const checkPlace = (sequence: number, fillerWords: number): number =>
  Math.imul(Math.imul(sequence, PLACE_STEP) & PLACE_MASK, fillerWords) >>> PLACE_BITS;

const flowOf = (words: Int32Array, frame: number): number => words[(frame + FLOW_WORD) | 0] >>> FLOW_SHIFT;

/** Bits in which a frame's check word and number differ from what they should be; `expected` is where its flow's next is. */
const differing = (
  words: Int32Array,
  frame: number,
  fillers: number,
  sequence: number,
  word: number,
  expected: number,
): number =>
  (words[(frame + FILLER_WORD + checkPlace(sequence, fillers)) | 0] ^ word) | (words[expected] ^ sequence);

/** Flows take turns; sizes go round over all frames, so both follow from (flow, sequence). */
export class GeneratedSource implements FrameSource {
  private readonly memory: Memory;
  private readonly flows: number;
  private readonly text: number;
  private readonly headers: number;
  private readonly lengths: Int32Array;
  private flow = 0;
  private sequence = 0;
  private size = 0;

  constructor(memory: Memory, { sizes, flows, text, headers }: GeneratedStream) {
    this.memory = memory;
    this.flows = flows;
    this.text = text.address;
    this.headers = headers.address;
    this.lengths = Int32Array.from(sizes, frameBytes);
  }

  nextLength(): number {
    return this.lengths[this.size];
  }

  render(address: number): void {
    const { memory, flow, sequence } = this;
    const { words } = memory;
    const frame = address >>> 2;
    const fillerBytes = this.lengths[this.size] - FILLER_OFFSET;
    const header = (this.headers >>> 2) + (this.size * this.flows + flow) * HEADER_STRIDE;
    for (let word = 0; word < HEADER_WORDS; word++) words[frame + word] = words[header + word];
    words[frame + SEQUENCE_WORD] = sequence;
    copy(memory, address + FILLER_OFFSET, this.text + windowOf(flow, sequence) * 4, fillerBytes);
    words[frame + FILLER_WORD + checkPlace(sequence, fillerBytes >> 2)] = checkWord(flow, sequence);
    this.skip();
  }

  skip(): void {
    this.size = this.size + 1 === this.lengths.length ? 0 : this.size + 1;
    if (++this.flow < this.flows) return;
    this.flow = 0;
    this.sequence = (this.sequence + 1) | 0;
  }
}

/** Words of a checker's memory: the next sequence number of each flow. */
export function generatedStateBytes(stream: GeneratedStream): number {
  return stream.flows * 4;
}

export class GeneratedChecker implements FrameChecker {
  flow = -1;
  sequence = 0;
  missing = 0;
  verdict = FRAME_OK;
  octets = 0;
  private readonly words: Int32Array;
  private readonly bytes: Uint8Array;
  private readonly stream: GeneratedStream;
  private readonly flows: number;
  private readonly lengths: Int32Array;
  private readonly next: number;
  private readonly mirrored: boolean;
  private readonly lots: number;
  private readonly undo: UndoLog | undefined;

  /**
   * `mirrored`: the frames come back with their MAC addresses exchanged. `wholeOneIn`: of how many frames one is
   * compared whole, a power of two. `state` outlives the checker.
   */
  constructor(
    memory: Memory,
    stream: GeneratedStream,
    state: Region,
    mirrored: boolean,
    wholeOneIn = 1,
    undo?: UndoLog,
  ) {
    this.words = memory.words;
    this.bytes = memory.bytes;
    this.stream = stream;
    this.flows = stream.flows;
    this.lengths = Int32Array.from(stream.sizes, frameBytes);
    this.next = state.address >>> 2;
    this.mirrored = mirrored;
    this.lots = wholeOneIn - 1;
    this.undo = undo;
  }

  check(address: number, length: number): number {
    const { words, lengths, next } = this;
    this.octets += length;
    const frame = address >>> 2;
    const flow = flowOf(words, frame);
    const sequence = words[frame + SEQUENCE_WORD];
    const size = lengths.length === 1 ? 0 : this.sizeOf(flow, sequence);
    this.sequence = sequence;
    this.flow = flow;
    if (flow >= this.flows || length !== lengths[size]) return this.misshapen(length);
    const place = checkPlace(sequence, (length - FILLER_OFFSET) >> 2);
    const word = checkWord(flow, sequence);
    // The check word is as good as drawn by lot.
    const intact =
      words[frame + FILLER_WORD + place] === word &&
      ((word & this.lots) !== 0 || this.wholeMatches(frame, size, length));
    if (!intact) return this.damaged();
    if (words[next + flow] !== sequence) return this.misplaced();
    put(words, next + flow, (sequence + 1) | 0);
    return FRAME_OK;
  }

  /** By its number: frames before it are expected no more, whatever was missing between them. */
  revert(address: number): void {
    const { words, next } = this;
    const frame = address >>> 2;
    const flow = flowOf(words, frame);
    const sequence = words[frame + SEQUENCE_WORD];
    if (flow < this.flows && ((words[next + flow] - sequence) | 0) > 0) put(words, next + flow, sequence);
  }

  checkRun(
    places: Int32Array,
    lengths: Int32Array,
    from: number,
    to: number,
    base: number,
    shift: number,
  ): number {
    for (let i = from; ; i++) {
      if (this.lots !== 0) i = this.wellUpTo(places, lengths, i, to, base, shift);
      if (i === to) return to;
      this.verdict = this.check(base + (places[i] << shift), lengths[i]);
      if (this.verdict !== FRAME_OK) return i;
    }
  }

  /**
   * Hot path: passes over frames that are well and not to be compared whole. No call and no store but those to `next`
   * in the loops, and integers from their beginning: the engine then looks at types once and not for each frame. Two
   * frames a turn, for what it looks at in every turn is half of the work for one.
   */
  private wellUpTo(
    places: Int32Array,
    lengths: Int32Array,
    from: number,
    to: number,
    base: number,
    shift: number,
  ): number {
    const { words } = this;
    const next = this.next | 0;
    const flows = this.flows | 0;
    const lots = this.lots | 0;
    const onlyLength = (this.lengths.length === 1 ? this.lengths[0] : -1) | 0; // -1: no frame is passed over
    const fillers = (onlyLength - FILLER_OFFSET) >> 2;
    const first = base >>> 2;
    const bits = (shift - 2) | 0;
    const last = (to - 1) | 0;
    let i = from | 0;
    for (; i < last; i = (i + 2) | 0) {
      const frame = (first + (places[i] << bits)) | 0;
      const other = (first + (places[(i + 1) | 0] << bits)) | 0;
      const flow = flowOf(words, frame);
      const otherFlow = flowOf(words, other);
      if (flow >= flows || otherFlow >= flows || flow === otherFlow) break;
      if (lengths[i] !== onlyLength || lengths[(i + 1) | 0] !== onlyLength) break;
      const sequence = words[(frame + SEQUENCE_WORD) | 0];
      const otherSequence = words[(other + SEQUENCE_WORD) | 0];
      const word = checkWord(flow, sequence);
      const otherWord = checkWord(otherFlow, otherSequence);
      const differs =
        differing(words, frame, fillers, sequence, word, (next + flow) | 0) |
        differing(words, other, fillers, otherSequence, otherWord, (next + otherFlow) | 0);
      if (differs !== 0 || (word & lots) === 0 || (otherWord & lots) === 0) break;
      words[(next + flow) | 0] = (sequence + 1) | 0;
      words[(next + otherFlow) | 0] = (otherSequence + 1) | 0;
    }
    for (; i < to; i = (i + 1) | 0) {
      const frame = (first + (places[i] << bits)) | 0;
      const flow = flowOf(words, frame);
      if (flow >= flows || lengths[i] !== onlyLength) break;
      const sequence = words[(frame + SEQUENCE_WORD) | 0];
      const word = checkWord(flow, sequence);
      const differs = differing(words, frame, fillers, sequence, word, (next + flow) | 0);
      if (differs !== 0 || (word & lots) === 0) break;
      words[(next + flow) | 0] = (sequence + 1) | 0;
    }
    this.octets += Math.imul(i - from, onlyLength);
    return i;
  }

  /** No frame of ours has this form; its flow may be one all the same. */
  private misshapen(length: number): number {
    if (length >= FILLER_OFFSET && this.flow < this.flows) return this.damaged();
    this.flow = -1;
    return FRAME_DAMAGED;
  }

  /** Not the one expected in its flow: a later one, or an earlier one. */
  private misplaced(): number {
    const { words, next, flow, sequence } = this;
    const ahead = (sequence - words[next + flow]) | 0;
    if (ahead < 0) return FRAME_OLD;
    this.undo?.note(flow);
    put(words, next + flow, (sequence + 1) | 0);
    this.missing = ahead;
    return FRAME_GAP;
  }

  /** A damaged frame in the expected place takes that place, so it is not counted as lost too. */
  private damaged(): number {
    const { words, next, flow, sequence } = this;
    if (sequence === words[next + flow]) put(words, next + flow, (sequence + 1) | 0);
    return FRAME_DAMAGED;
  }

  private sizeOf(flow: number, sequence: number): number {
    return ((sequence >>> 0) * this.flows + flow) % this.lengths.length;
  }

  private headerMatches(frame: number, size: number, flow: number): boolean {
    const { words } = this;
    const header = (this.stream.headers.address >>> 2) + (size * this.flows + flow) * HEADER_STRIDE;
    let difference = 0;
    let word = 0;
    if (this.mirrored) {
      // Bytes 0-5 and 6-11 are exchanged: compare each with the other's template.
      const a = words[frame];
      const b = words[frame + 1];
      const c = words[frame + 2];
      difference |= ((b >>> 16) | (c << 16)) ^ words[header];
      difference |= ((c >>> 16) | (a << 16)) ^ words[header + 1];
      difference |= ((a >>> 16) | (b << 16)) ^ words[header + 2];
      word = 3;
    }
    for (; word < HEADER_WORDS; word++) difference |= words[frame + word] ^ words[header + word];
    return difference === 0;
  }

  /** All bytes but the check word. */
  private wholeMatches(frame: number, size: number, length: number): boolean {
    const { flow, sequence, words, bytes } = this;
    if (!this.headerMatches(frame, size, flow)) return false;
    const text = (this.stream.text.address >>> 2) + windowOf(flow, sequence);
    const fillers = (length - FILLER_OFFSET) >> 2;
    const place = checkPlace(sequence, fillers);
    const first = frame + FILLER_WORD;
    let difference = 0;
    for (let word = 0; word < place; word++) difference |= words[first + word] ^ words[text + word];
    for (let word = place + 1; word < fillers; word++) difference |= words[first + word] ^ words[text + word];
    for (let byte = FILLER_OFFSET + fillers * 4; byte < length; byte++)
      difference |= bytes[frame * 4 + byte] ^ bytes[text * 4 + byte - FILLER_OFFSET];
    return difference === 0;
  }
}
