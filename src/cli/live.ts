import type { Progress } from '../testbed/index.ts';
import { counted, digits, timeSpan } from './format.ts';
import { type Screen, screenOf } from './screen.ts';
import { widthOf } from './text.ts';

const STARTS_AFTER_MS = 1000;
const AT_LEAST_BETWEEN_MS = 100;
const BAR_LEAST = 8;
const BAR_MOST = 30;
const ERASE_LINE = '\r\x1b[K';

/** One line on a terminal, rewritten in place while a run goes on. */
export class LiveLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;
  #shown = false;

  constructor(stream: NodeJS.WriteStream, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#now = now;
  }

  update(progress: Progress): void {
    this.show(progress.elapsedMs, (screen) => renderProgress(progress, screen));
  }

  /** `render` makes a line shorter than the terminal is wide. */
  show(elapsedMs: number, render: (screen: Screen) => string): void {
    const now = this.#now();
    if (elapsedMs < STARTS_AFTER_MS || now - this.#last < AT_LEAST_BETWEEN_MS) return;
    this.#last = now;
    this.#shown = true;
    this.#stream.write(ERASE_LINE + render(screenOf(this.#stream)));
  }

  /** To be called before anything else is written, and at the end. */
  clear(): void {
    if (this.#shown) this.#stream.write(ERASE_LINE);
    this.#shown = false;
  }
}

/** Shorter than the terminal is wide: a line that wraps cannot be rewritten. */
export function renderProgress(progress: Progress, { columns, colors }: Screen): string {
  const room = columns - 1;
  const part = shareDone(progress);
  const begin = part === undefined ? '' : `${String(Math.floor(part * 100)).padStart(3)} %  `;
  const facts = [
    timeSpan(progress.elapsedMs),
    `${digits(progress.mpps)} Mpps`,
    counted(progress.swaps, 'swap'),
    `${counted(progress.lost, 'frame')} lost`,
  ];
  while (facts.length > 1 && begin.length + facts.join(' · ').length > room) facts.shift();
  const end = facts.join(' · ');
  const left = Math.min(BAR_MOST, room - begin.length - widthOf([end]) - 2);
  if (part === undefined || left < BAR_LEAST) return `${begin}${end}`.slice(0, room);
  const done = Math.floor(part * left);
  return `${begin}${colors.cyan('━'.repeat(done))}${colors.dim('─'.repeat(left - done))}  ${end}`;
}

/** By frames when their number is known, else by time. */
function shareDone({ offered, total, elapsedMs, durationMs }: Progress): number | undefined {
  if (total !== undefined) return Math.min(1, offered / Math.max(1, total));
  if (durationMs !== undefined) return Math.min(1, elapsedMs / Math.max(1, durationMs));
  return undefined;
}
