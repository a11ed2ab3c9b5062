import { PAGE_BYTES, PAGE_SHIFT } from '../memory.ts';

const OFFSET_MASK = PAGE_BYTES - 1;
const KNOWN = new WeakMap<Uint8Array, PagedBytes>();

/**
 * Bytes with views on each of their pages, made when first used. To copy between two buffers JavaScript needs a view of
 * just what is copied; with these a copy allocates nothing. Where the bytes begin must be a multiple of four.
 */
export class PagedBytes {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  private readonly pages: (Uint8Array | undefined)[];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
    // With its full length from the start: it would become a slow map else.
    this.pages = new Array<Uint8Array | undefined>(Math.ceil(bytes.byteLength / PAGE_BYTES)).fill(undefined);
    KNOWN.set(bytes, this);
  }

  /** The one of these bytes. */
  static of(bytes: Uint8Array): PagedBytes {
    return KNOWN.get(bytes) ?? new PagedBytes(bytes);
  }

  page(index: number): Uint8Array {
    const page = this.pages[index];
    if (page !== undefined) return page;
    const made = this.bytes.subarray(index << PAGE_SHIFT, (index + 1) << PAGE_SHIFT);
    this.pages[index] = made;
    return made;
  }
}

/** Whole pages of the source at once, the rest by words. All three numbers are multiples of four. */
export function copyBytes(
  target: PagedBytes,
  to: number,
  source: PagedBytes,
  from: number,
  bytes: number,
): void {
  for (let done = 0; done < bytes; ) {
    const inPage = (from + done) & OFFSET_MASK;
    const part = Math.min(bytes - done, PAGE_BYTES - inPage);
    if (part === PAGE_BYTES) target.bytes.set(source.page((from + done) >>> PAGE_SHIFT), to + done);
    else copyWords(target.words, (to + done) >>> 2, source.words, (from + done) >>> 2, part >>> 2);
    done += part;
  }
}

/** Four at a time, with indices that are kept small integers: twice as fast as the plain loop. */
export function copyWords(
  target: Int32Array,
  to: number,
  source: Int32Array,
  from: number,
  count: number,
): void {
  let at = to | 0;
  let word = from | 0;
  const end = (at + count) | 0;
  for (; at + 4 <= end; at = (at + 4) | 0, word = (word + 4) | 0) {
    target[at] = source[word];
    target[at + 1] = source[word + 1];
    target[at + 2] = source[word + 2];
    target[at + 3] = source[word + 3];
  }
  for (; at < end; at++, word++) target[at] = source[word];
}
