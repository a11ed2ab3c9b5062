import { isAbsolute, relative } from 'node:path';

/** A place in a source file of the user's own. */
export interface SourcePlace {
  readonly file: string;
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** That line. */
  readonly text: string;
}

/** A module cannot be bundled, throws when it is loaded, or exports what it should not. */
export class SourceError extends Error {
  override readonly name = 'SourceError';
  readonly place: SourcePlace | undefined;

  constructor(message: string, place: SourcePlace | undefined) {
    super(message);
    this.place = place;
  }
}

/** As a terminal's user would type it. */
export function shownPath(file: string): string {
  const near = relative(process.cwd(), file);
  return near === '' || near.startsWith('..') || isAbsolute(near) ? file : near;
}

/** Where in a text an offset lies. */
export function placeIn(file: string, source: string, offset: number): SourcePlace {
  const before = source.slice(0, offset).split('\n');
  const line = before.length;
  return { file, line, column: (before.at(-1)?.length ?? 0) + 1, text: lineOf(source, line) };
}

/** From 1. */
export function lineOf(source: string, line: number): string {
  return source.split('\n')[line - 1]?.trimEnd() ?? '';
}

/** Where a line begins. */
export function startOf(source: string, line: number): number {
  const before = source.split('\n').slice(0, line - 1);
  return before.reduce((offset, { length }) => offset + length + 1, 0);
}
