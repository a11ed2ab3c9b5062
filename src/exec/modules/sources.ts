import { SourceMap, type SourceMapPayload } from 'node:module';
import { resolve } from 'node:path';
import { lineOf, placeIn, type SourcePlace, startOf } from './source-place.ts';

/** The sources that a bundle was made of. */
export class Sources {
  /** Paths of sources are told from here. */
  private readonly folder: string;
  private readonly payload: SourceMapPayload;
  private map: SourceMap | undefined;

  constructor(folder: string, payload: SourceMapPayload) {
    this.folder = folder;
    this.payload = payload;
  }

  /** Where a place of the bundle comes from; both are counted from 1. */
  placeAt(line: number, column: number): SourcePlace | undefined {
    this.map ??= new SourceMap(this.payload); // read when something is wrong: a CPU thread has other things to do
    const entry = this.map.findEntry(line - 1, column - 1);
    if (!('originalSource' in entry)) return undefined;
    const { originalSource, originalLine, originalColumn } = entry;
    const file = resolve(this.folder, originalSource);
    const text = lineOf(this.textOf(file), originalLine + 1);
    return { file, line: originalLine + 1, column: originalColumn + 1, text };
  }

  /** All places in the same file that fit a global pattern, from the beginning of the line on. */
  following({ file, line }: SourcePlace, pattern: RegExp): SourcePlace[] {
    const text = this.textOf(file);
    const start = startOf(text, line);
    return [...text.slice(start).matchAll(pattern)].map(({ index }) => placeIn(file, text, start + index));
  }

  private textOf(file: string): string {
    const index = this.payload.sources.findIndex((source) => resolve(this.folder, source) === file);
    return this.payload.sourcesContent[index] ?? '';
  }
}
