/** Where flows stood before frames moved them on: to take back what was made of frames that come once more. */
import type { Memory, MemoryMap, Region } from '../memory.ts';
import { put } from '../shared.ts';

/** Words: the number of notes, then for each its flow, and the place in it. */
const NOTES = 1;
const NOTE_WORDS = 2;

export function layoutUndo(map: MemoryMap, mostFrames: number): Region {
  return map.take((NOTES + mostFrames * NOTE_WORDS) * 4);
}

/** A note is whole before it counts, and counts before its flow moves on: whoever ends in between leaves what holds. */
export class UndoLog {
  private readonly words: Int32Array;
  private readonly at: number;
  private readonly places: number;
  /** Cached. */
  private notes: number;

  /** `places`: the checker's place in every flow. */
  constructor(memory: Memory, region: Region, places: Region) {
    this.words = memory.words;
    this.at = region.address >>> 2;
    this.places = places.address >>> 2;
    this.notes = this.words[this.at];
  }

  /** What another CPU has noted meanwhile. */
  reread(): void {
    this.notes = this.words[this.at];
  }

  /** What is checked from now on is to be taken back, and nothing before it. */
  begin(): void {
    if (this.notes !== 0) this.clear();
  }

  /** This flow is about to move on. */
  note(flow: number): void {
    const { words, at } = this;
    const note = at + NOTES + this.notes * NOTE_WORDS;
    put(words, note, flow);
    put(words, note + 1, words[this.places + flow]);
    put(words, at, ++this.notes);
  }

  /** Flows are where they were, the last one first; to do so twice is as good as once. */
  takeBack(): void {
    const { words, at, places } = this;
    for (let i = this.notes - 1; i >= 0; i--) {
      const note = at + NOTES + i * NOTE_WORDS;
      put(words, places + words[note], words[note + 1]);
    }
  }

  private clear(): void {
    this.notes = 0;
    put(this.words, this.at, 0);
  }
}
