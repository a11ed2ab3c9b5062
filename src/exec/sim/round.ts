/** The frames of a capture, made up: a link offers them again and again. */
import type { CapturedFrame } from '../../hw/link/capture.ts';
import { buildHeader, FILLER_OFFSET, frameBytes } from '../../hw/link/frames.ts';
import type { SimCard } from './draw-cards.ts';

/** Frames of each flow, and how many of them in a row are alike: none but its place tells which of them a frame is. */
const OF_FLOW = 6;
const ALIKE = 2;

export function roundOf({ sizes, flows }: SimCard, mac: readonly number[]): CapturedFrame[] {
  return Array.from({ length: flows * OF_FLOW }, (_, i) => {
    const kind = Math.floor(i / flows / ALIKE);
    const length = frameBytes(sizes[kind % sizes.length]);
    const bytes = new Uint8Array(length);
    bytes.set(buildHeader(mac, i % flows, length));
    bytes[FILLER_OFFSET] = kind;
    return { bytes, timeNs: i, originalLength: length };
  });
}
