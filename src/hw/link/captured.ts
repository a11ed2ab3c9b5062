/** A capture as a stream of frames: laid out in memory once, replayed in rounds, recognised by flow and digest. */
import { align, type Memory, type MemoryMap, type Region } from '../memory.ts';
import { copy, put } from '../shared.ts';
import type { CapturedFrame } from './capture.ts';
import { MAX_FRAME_BYTES, MIN_FRAME_BYTES } from './frames.ts';
import { digest, FlowIdentity } from './identity.ts';
import {
  FRAME_DAMAGED,
  FRAME_GAP,
  FRAME_OK,
  FRAME_OLD,
  type FrameChecker,
  type FrameSource,
} from './source.ts';
import type { UndoLog } from './undo.ts';

/** Plain data: where a capture lies. One row a frame, one row a flow, and a hash table of flows. */
export interface CapturedStream {
  readonly kind: 'captured';
  readonly frames: number;
  readonly flows: number;
  readonly buckets: number;
  readonly bytes: Region;
  readonly rows: Region;
  readonly flowRows: Region;
  readonly members: Region;
  readonly table: Region;
}

/** Frames begin at multiples of this: long copies go by eight bytes where both ends do. */
const FRAME_ALIGNMENT = 8;
const ROW_WORDS = 3;
const ROW_ADDRESS = 0;
const ROW_LENGTH = 1;
const ROW_DIGEST = 2;
const FLOW_WORDS = 4;
const FLOW_A = 0;
const FLOW_B = 1;
const FLOW_START = 2;
const FLOW_COUNT = 3;
/** Words that hold the two MAC addresses. */
const MAC_WORDS = 3;
/** Words of the shortest frame, so that every frame has them. */
const TELLING_WORDS = MIN_FRAME_BYTES / 4;
const ETHERTYPE_MAC_CONTROL = 0x8808;
/** How far a frame is searched for around its expected place. */
const SEARCH = 4096;
/** Positions in a flow stay below this, and wrap at a multiple of the flow's frames. */
const POSITION_LIMIT = 2 ** 30;

export interface UsableFrames {
  readonly frames: readonly CapturedFrame[];
  /** What is left out, by reason. */
  readonly skipped: Readonly<Record<string, number>>;
}

/** Leaves out what a link cannot carry again: frames cut short when recorded, oversize ones, PAUSE frames. */
export function usableFrames(frames: readonly CapturedFrame[]): UsableFrames {
  const skipped: Record<string, number> = {};
  const usable = frames.filter((frame) => {
    const reason = unusable(frame);
    if (reason !== undefined) skipped[reason] = (skipped[reason] ?? 0) + 1;
    return reason === undefined;
  });
  return { frames: usable, skipped };
}

function unusable({ bytes, originalLength }: CapturedFrame): string | undefined {
  if (bytes.length < originalLength) return 'snapped';
  if (bytes.length < 14) return 'runt';
  if (bytes.length > MAX_FRAME_BYTES) return 'oversize';
  if (((bytes[12] << 8) | bytes[13]) === ETHERTYPE_MAC_CONTROL) return 'pause';
  return undefined;
}

/** Frames of one flow, in their order. */
interface Flow {
  readonly a: number;
  readonly b: number;
  readonly members: number[];
}

export interface PreparedCapture {
  readonly stream: CapturedStream;
  /** Writes it into the memory. */
  readonly fill: (memory: Memory) => void;
  /** Time of each frame after the first, and of a round, in microseconds. */
  readonly offsetsUs: Float64Array;
  readonly roundUs: number;
}

export function layoutCaptured(map: MemoryMap, frames: readonly CapturedFrame[]): PreparedCapture {
  const flows = groupFlows(frames);
  const bytes = frames.reduce((sum, frame) => sum + align(padded(frame), FRAME_ALIGNMENT), 0);
  const buckets = 1 << (32 - Math.clz32(flows.length * 2));
  const stream: CapturedStream = {
    kind: 'captured',
    frames: frames.length,
    flows: flows.length,
    buckets,
    bytes: map.take(bytes),
    rows: map.take(frames.length * ROW_WORDS * 4),
    flowRows: map.take(flows.length * FLOW_WORDS * 4),
    members: map.take(frames.length * 4),
    table: map.take(buckets * 4),
  };
  const offsetsUs = Float64Array.from(frames, (frame) => frame.timeNs / 1000);
  const span = frames.length > 1 ? offsetsUs[frames.length - 1] : 0;
  const roundUs = span + (frames.length > 1 ? span / (frames.length - 1) : 1000);
  return { stream, fill: (memory) => fill(memory, stream, frames, flows), offsetsUs, roundUs };
}

function padded(frame: CapturedFrame): number {
  return Math.max(frame.bytes.length, MIN_FRAME_BYTES);
}

function groupFlows(frames: readonly CapturedFrame[]): Flow[] {
  const flows = new Map<string, Flow>();
  const identity = new FlowIdentity();
  const room = new Uint8Array(MAX_FRAME_BYTES);
  frames.forEach((frame, index) => {
    room.fill(0, 0, MIN_FRAME_BYTES);
    room.set(frame.bytes);
    identity.read(room, 0, padded(frame), false);
    const { a, b } = identity;
    const key = `${a} ${b}`;
    const flow = flows.get(key) ?? { a, b, members: [] };
    flow.members.push(index);
    flows.set(key, flow);
  });
  return [...flows.values()];
}

function fill(
  memory: Memory,
  stream: CapturedStream,
  frames: readonly CapturedFrame[],
  flows: readonly Flow[],
): void {
  const { words, bytes } = memory;
  let address = stream.bytes.address;
  frames.forEach((frame, index) => {
    const row = (stream.rows.address >>> 2) + index * ROW_WORDS;
    const length = padded(frame);
    bytes.set(frame.bytes, address);
    words[row + ROW_ADDRESS] = address;
    words[row + ROW_LENGTH] = length;
    words[row + ROW_DIGEST] = digest(memory, address, length, false);
    address += align(length, FRAME_ALIGNMENT);
  });
  let start = 0;
  flows.forEach((flow, index) => {
    words.set(flow.members, (stream.members.address >>> 2) + start);
    words.set(
      [flow.a, flow.b, start, flow.members.length],
      (stream.flowRows.address >>> 2) + index * FLOW_WORDS,
    );
    start += flow.members.length;
    let bucket = flow.a & (stream.buckets - 1);
    while (words[(stream.table.address >>> 2) + bucket] !== 0) bucket = (bucket + 1) & (stream.buckets - 1);
    words[(stream.table.address >>> 2) + bucket] = index + 1;
  });
}

export class CapturedSource implements FrameSource {
  private readonly memory: Memory;
  private readonly rows: number;
  private readonly end: number;
  private row: number;

  constructor(memory: Memory, stream: CapturedStream) {
    this.memory = memory;
    this.rows = stream.rows.address >>> 2;
    this.end = this.rows + stream.frames * ROW_WORDS;
    this.row = this.rows;
  }

  nextLength(): number {
    return this.memory.words[this.row + ROW_LENGTH];
  }

  render(address: number): void {
    const { words } = this.memory;
    copy(this.memory, address, words[this.row + ROW_ADDRESS], words[this.row + ROW_LENGTH]);
    this.skip();
  }

  skip(): void {
    this.row += ROW_WORDS;
    if (this.row === this.end) this.row = this.rows;
  }
}

export function capturedStateBytes(stream: CapturedStream): number {
  return stream.flows * 4;
}

/** A frame is the next of its flow if length and digest say so; equal neighbours are told apart by count alone. */
export class CapturedChecker implements FrameChecker {
  flow = -1;
  sequence = 0;
  missing = 0;
  verdict = FRAME_OK;
  octets = 0;
  private readonly memory: Memory;
  private readonly stream: CapturedStream;
  private readonly next: number;
  private readonly mirrored: boolean;
  private readonly lossy: boolean;
  private readonly lots: number;
  private readonly undo: UndoLog | undefined;
  private readonly identity = new FlowIdentity();

  /**
   * `mirrored`: the frames come back with their MAC addresses exchanged. `lossy`: frames may be missing for good
   * reason; rounds repeat, so one behind its place looks like one far ahead, and is taken for that: the sum of
   * the gaps then shows it. `wholeOneIn`: of how many frames one is compared whole, a power of two. `state`
   * outlives the checker.
   */
  constructor(
    memory: Memory,
    stream: CapturedStream,
    state: Region,
    mirrored: boolean,
    lossy = false,
    wholeOneIn = 1,
    undo?: UndoLog,
  ) {
    this.memory = memory;
    this.stream = stream;
    this.next = state.address >>> 2;
    this.mirrored = mirrored;
    this.lossy = lossy;
    this.lots = wholeOneIn - 1;
    this.undo = undo;
  }

  check(address: number, length: number): number {
    const { memory, mirrored } = this;
    this.octets += length;
    this.identity.read(memory.bytes, address, length, mirrored);
    this.flow = this.findFlow();
    this.sequence = 0;
    if (this.flow < 0) return FRAME_DAMAGED;
    const position = memory.words[this.next + this.flow];
    this.sequence = position;
    if ((drawn(this.flow, position) & this.lots) !== 0 && this.looksRight(position, address, length)) {
      this.expect(position + 1);
      return FRAME_OK;
    }
    const hash = digest(memory, address, length, mirrored);
    if (this.matches(position, length, hash)) {
      this.expect(position + 1);
      return FRAME_OK;
    }
    return this.search(position, length, hash);
  }

  /** Equal frames of a flow do not tell which of them they are: the undo log has all places. */
  revert(): void {}

  checkRun(
    places: Int32Array,
    lengths: Int32Array,
    from: number,
    to: number,
    base: number,
    shift: number,
  ): number {
    for (let i = from; i < to; i++) {
      const verdict = this.check(base + (places[i] << shift), lengths[i]);
      if (verdict === FRAME_OK) continue;
      this.verdict = verdict;
      return i;
    }
    return to;
  }

  private findFlow(): number {
    const { words } = this.memory;
    const { buckets, table, flowRows } = this.stream;
    let bucket = this.identity.a & (buckets - 1);
    for (;;) {
      const flow = words[(table.address >>> 2) + bucket] - 1;
      if (flow < 0) return -1;
      const row = (flowRows.address >>> 2) + flow * FLOW_WORDS;
      if (words[row + FLOW_A] === this.identity.a && words[row + FLOW_B] === this.identity.b) return flow;
      bucket = (bucket + 1) & (buckets - 1);
    }
  }

  /**
   * Length, everything behind the MAC addresses up to the transport header, which has the numbers and checksums by
   * which frames of a flow differ, and one word at a place that varies with the position.
   */
  private looksRight(position: number, address: number, length: number): boolean {
    const { words } = this.memory;
    const row = this.rowOf(position);
    if (words[row + ROW_LENGTH] !== length) return false;
    const frame = address >>> 2;
    const sent = words[row + ROW_ADDRESS] >>> 2;
    const place = MAC_WORDS + (position % ((length >>> 2) - MAC_WORDS));
    let difference = words[frame + place] ^ words[sent + place];
    for (let word = MAC_WORDS; word < TELLING_WORDS; word++)
      difference |= words[frame + word] ^ words[sent + word];
    return difference === 0;
  }

  /** Row of the frame at this position of the flow. */
  private rowOf(position: number): number {
    const { words } = this.memory;
    const row = (this.stream.flowRows.address >>> 2) + this.flow * FLOW_WORDS;
    const member = words[row + FLOW_START] + (position % words[row + FLOW_COUNT]);
    const frame = words[(this.stream.members.address >>> 2) + member];
    return (this.stream.rows.address >>> 2) + frame * ROW_WORDS;
  }

  private matches(position: number, length: number, hash: number): boolean {
    const { words } = this.memory;
    const frameRow = this.rowOf(position);
    return words[frameRow + ROW_LENGTH] === length && words[frameRow + ROW_DIGEST] === hash;
  }

  private expect(position: number): void {
    const { words } = this.memory;
    const count = words[(this.stream.flowRows.address >>> 2) + this.flow * FLOW_WORDS + FLOW_COUNT];
    const limit = POSITION_LIMIT - (POSITION_LIMIT % count);
    this.undo?.note(this.flow);
    put(words, this.next + this.flow, position >= limit ? position - limit : position);
  }

  /** Not the frame expected: the nearest one before or behind it that fits, else a damaged one in its place. */
  private search(position: number, length: number, hash: number): number {
    for (let distance = 1; distance <= SEARCH; distance++) {
      if (this.matches(position + distance, length, hash)) {
        this.missing = distance;
        this.sequence = position + distance;
        this.expect(position + distance + 1);
        return FRAME_GAP;
      }
      if (!this.lossy && distance <= position && this.matches(position - distance, length, hash)) {
        this.sequence = position - distance;
        return FRAME_OLD;
      }
    }
    this.expect(position + 1);
    return FRAME_DAMAGED;
  }
}

/** A lot for each frame, the same in every run: its low bits say whether it is compared whole. */
function drawn(flow: number, sequence: number): number {
  return Math.imul(sequence ^ Math.imul(flow, 0x85ebca6b), 0x9e3779b1) >>> 16;
}
