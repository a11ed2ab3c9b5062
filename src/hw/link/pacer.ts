/** How fast a link offers its frames. Plain data. */
export type Pace =
  | { readonly kind: 'max' }
  | { readonly kind: 'rate'; readonly framesPerSecond: number }
  /** A capture's own times, `factor` times as fast; the gap between rounds is its mean gap. */
  | {
      readonly kind: 'recorded';
      readonly factor: number;
      readonly offsetsUs: Float64Array;
      readonly roundUs: number;
    };

/** When is the frame of this number due, in microseconds from the first? */
export function dueUs(pace: Pace, index: number): number {
  if (pace.kind === 'max') return 0;
  if (pace.kind === 'rate') return (index / pace.framesPerSecond) * 1e6;
  const frames = pace.offsetsUs.length;
  const round = Math.floor(index / frames);
  return (round * pace.roundUs + pace.offsetsUs[index - round * frames]) / pace.factor;
}
