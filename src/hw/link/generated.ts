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

/**
 * Payloads are windows into one pseudo-random text, so that each sequence number has its own. They begin at every
 * other word, because long copies want both ends alike in their place within eight bytes.
 */
const WINDOWS = 1024;
const WINDOW_STEP = 2;
const TEXT_WORDS = MAX_FRAME_BYTES / 4 + WINDOWS * WINDOW_STEP + 1;
const HEADER_STRIDE = 12;
const SEQUENCE_WORD = SEQUENCE_OFFSET / 4;
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

/** Which filler word is the check word. */
function checkPlace(sequence: number, fillerWords: number): number {
  return (sequence >>> 0) % fillerWords;
}

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
  private readonly memory: Memory;
  private readonly stream: GeneratedStream;
  private readonly lengths: Int32Array;
  private readonly next: number;
  private readonly mirrored: boolean;

  /** `mirrored`: the frames come back with their MAC addresses exchanged. `state` outlives the checker. */
  constructor(memory: Memory, stream: GeneratedStream, state: Region, mirrored: boolean) {
    this.memory = memory;
    this.stream = stream;
    this.lengths = Int32Array.from(stream.sizes, frameBytes);
    this.next = state.address >>> 2;
    this.mirrored = mirrored;
  }

  check(address: number, length: number): number {
    const { words } = this.memory;
    const frame = address >>> 2;
    const flow = words[frame + HEADER_WORDS - 1] >>> (8 * (FLOW_OFFSET & 3));
    const sequence = words[frame + SEQUENCE_WORD];
    this.sequence = sequence;
    if (length < FILLER_OFFSET || flow >= this.stream.flows) {
      this.flow = -1;
      return FRAME_DAMAGED;
    }
    this.flow = flow;
    const size = this.sizeOf(flow, sequence);
    const intact =
      this.lengths[size] === length &&
      this.headerMatches(frame, size, flow) &&
      this.payloadMatches(frame, length, flow, sequence);
    return intact ? this.advance(flow, sequence) : this.damaged(flow, sequence);
  }

  /** Position of the frame in its flow: the one expected, a later one, or an earlier one. */
  private advance(flow: number, sequence: number): number {
    const { words } = this.memory;
    const ahead = (sequence - words[this.next + flow]) | 0;
    if (ahead < 0) return FRAME_OLD;
    words[this.next + flow] = (sequence + 1) | 0;
    if (ahead === 0) return FRAME_OK;
    this.missing = ahead;
    return FRAME_GAP;
  }

  /** A damaged frame in the expected place takes that place, so it is not counted as lost too. */
  private damaged(flow: number, sequence: number): number {
    const { words } = this.memory;
    if (sequence === words[this.next + flow]) words[this.next + flow] = (sequence + 1) | 0;
    return FRAME_DAMAGED;
  }

  private sizeOf(flow: number, sequence: number): number {
    const sizes = this.lengths.length;
    if (sizes === 1) return 0;
    return ((sequence >>> 0) * this.stream.flows + flow) % sizes;
  }

  private headerMatches(frame: number, size: number, flow: number): boolean {
    const { words } = this.memory;
    const header = (this.stream.headers.address >>> 2) + (size * this.stream.flows + flow) * HEADER_STRIDE;
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

  private payloadMatches(frame: number, length: number, flow: number, sequence: number): boolean {
    const { words, bytes } = this.memory;
    const text = (this.stream.text.address >>> 2) + windowOf(flow, sequence);
    const fillers = (length - FILLER_OFFSET) >> 2;
    const place = checkPlace(sequence, fillers);
    const first = frame + FILLER_WORD;
    if (words[first + place] !== checkWord(flow, sequence)) return false;
    let difference = 0;
    for (let word = 0; word < place; word++) difference |= words[first + word] ^ words[text + word];
    for (let word = place + 1; word < fillers; word++) difference |= words[first + word] ^ words[text + word];
    for (let byte = FILLER_OFFSET + fillers * 4; byte < length; byte++)
      difference |= bytes[frame * 4 + byte] ^ bytes[text * 4 + byte - FILLER_OFFSET];
    return difference === 0;
  }
}
