/** The two kinds of streams behind one face. */
import type { Memory, Region } from '../memory.ts';
import { CapturedChecker, CapturedSource, type CapturedStream, capturedStateBytes } from './captured.ts';
import { GeneratedChecker, GeneratedSource, type GeneratedStream, generatedStateBytes } from './generated.ts';
import type { FrameChecker, FrameSource } from './source.ts';
import type { UndoLog } from './undo.ts';

export type Stream = GeneratedStream | CapturedStream;

export function makeSource(memory: Memory, stream: Stream): FrameSource {
  return stream.kind === 'generated'
    ? new GeneratedSource(memory, stream)
    : new CapturedSource(memory, stream);
}

/** Shared words that a checker of this stream needs: its place in every flow. */
export function checkerStateBytes(stream: Stream): number {
  return stream.kind === 'generated' ? generatedStateBytes(stream) : capturedStateBytes(stream);
}

/** How closely frames are looked at, and what may have happened to them on their way. */
export interface Scrutiny {
  /** They come back with their MAC addresses exchanged. */
  readonly mirrored: boolean;
  /** Some may be missing for good reason. */
  readonly lossy: boolean;
  /** Of one frame in so many the whole payload is compared; of the others flow, sequence, length and one word. */
  readonly wholeOneIn: number;
}

export function makeChecker(
  memory: Memory,
  stream: Stream,
  state: Region,
  { mirrored, lossy, wholeOneIn }: Scrutiny,
  undo?: UndoLog,
): FrameChecker {
  return stream.kind === 'generated'
    ? new GeneratedChecker(memory, stream, state, mirrored, wholeOneIn, undo)
    : new CapturedChecker(memory, stream, state, mirrored, lossy, wholeOneIn, undo);
}
