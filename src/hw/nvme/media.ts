import { BLOCK_BYTES } from './datasheet.ts';
import { copyBytes, PagedBytes } from './paged-bytes.ts';

export type MediaOp = 'read' | 'write' | 'flush';

/** Where blocks end up. Calls name blocks that there are. What was written is safe from a power cut after `flush`. */
export interface Media {
  readonly blocks: number;
  /** `count` blocks from `block` on, to the bytes from `address` on. Throws MediaError. */
  read(block: number, count: number, bytes: Uint8Array, address: number): void;
  write(block: number, count: number, bytes: Uint8Array, address: number): void;
  zero(block: number, count: number): void;
  flush(): void;
  close(): void;
}

/** The media did not do what it was told: the command ends with an error. */
export class MediaError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MediaError';
  }
}

/** The largest media in memory: offsets are words without sign. */
const MOST_BYTES = 2 ** 32;

/** Blocks in memory of its own, all zero at first. */
export class MemoryMedia implements Media {
  readonly blocks: number;
  private readonly data: PagedBytes;

  constructor(blocks: number) {
    if (blocks <= 0 || blocks * BLOCK_BYTES > MOST_BYTES)
      throw new MediaError(
        `a disk in memory has 1 to ${MOST_BYTES / BLOCK_BYTES} blocks of ${BLOCK_BYTES} bytes, not ${blocks}: ` +
          'ask for less, or put it in a file',
      );
    this.blocks = blocks;
    this.data = new PagedBytes(new Uint8Array(blocks * BLOCK_BYTES));
  }

  read(block: number, count: number, bytes: Uint8Array, address: number): void {
    copyBytes(PagedBytes.of(bytes), address, this.data, block * BLOCK_BYTES, count * BLOCK_BYTES);
  }

  write(block: number, count: number, bytes: Uint8Array, address: number): void {
    copyBytes(this.data, block * BLOCK_BYTES, PagedBytes.of(bytes), address, count * BLOCK_BYTES);
  }

  zero(block: number, count: number): void {
    this.data.bytes.fill(0, block * BLOCK_BYTES, (block + count) * BLOCK_BYTES);
  }

  /** Memory of this kind knows no power cut. */
  flush(): void {}

  close(): void {}
}
