/** The two kinds of streams behind one face. */
import type { Memory, Region } from '../memory.ts';
import { CapturedChecker, CapturedSource, type CapturedStream, capturedStateBytes } from './captured.ts';
import { GeneratedChecker, GeneratedSource, type GeneratedStream, generatedStateBytes } from './generated.ts';
import type { FrameChecker, FrameSource } from './source.ts';

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

export function makeChecker(
  memory: Memory,
  stream: Stream,
  state: Region,
  mirrored: boolean,
  lossy: boolean,
): FrameChecker {
  return stream.kind === 'generated'
    ? new GeneratedChecker(memory, stream, state, mirrored)
    : new CapturedChecker(memory, stream, state, mirrored, lossy);
}
