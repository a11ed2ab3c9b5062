/** What the server asks of the disk behind it. */

/**
 * Told once for each request, when it is done; `error` is 0 or one of the protocol's error values (EIO, ENOSPC, ...).
 * The server's own object: a backend keeps it until then and needs no closure per request.
 */
export interface Completion {
  complete(error: number): void;
}

/**
 * A disk. One backend serves all connections.
 *
 * The server cuts requests up: none is longer than `transferBytes` (read, write) or `rangeBytes` (trim, write
 * zeroes), none is empty, each lies within the disk and is aligned to `minimumBlockBytes`. The backend takes as
 * many at once as it is given (up to QUEUE_DEPTH of each connection, see transmission.ts), queues what it cannot
 * begin, and finishes them in any order. It may complete a request before the call returns.
 *
 * Memory handed over (`into`, `from`) is the backend's until the request completes, and not after; that also holds
 * when the client is gone by then.
 *
 * Methods do not throw; what goes wrong is told by `complete`.
 */
export interface BlockBackend {
  /** A multiple of `minimumBlockBytes`. */
  readonly sizeBytes: number;
  readonly readOnly: boolean;
  /** Of every offset and length; a power of two from 1 to 65536. */
  readonly minimumBlockBytes: number;
  /** Best for speed; a power of two, at least 512 and at least `minimumBlockBytes`. */
  readonly preferredBlockBytes: number;
  /** Longest read or write; a multiple of `minimumBlockBytes`. */
  readonly transferBytes: number;
  /** Longest trim or write of zeroes; a multiple of `minimumBlockBytes`. */
  readonly rangeBytes: number;

  /** Reads into `into`, from index `at` on. */
  read(offset: number, length: number, into: Uint8Array, at: number, completion: Completion): void;

  /** Writes what is in `from`, from index `at` on. With `fua` it completes when the data survive a power cut. */
  write(
    offset: number,
    length: number,
    from: Uint8Array,
    at: number,
    fua: boolean,
    completion: Completion,
  ): void;

  /** Completes when all that was complete before the call, on any connection, survives a power cut. */
  flush(completion: Completion): void;

  /** The data are not needed any more. A backend may do nothing. */
  trim(offset: number, length: number, fua: boolean, completion: Completion): void;

  /** With `noHole` the space stays allocated. */
  writeZeroes(offset: number, length: number, noHole: boolean, fua: boolean, completion: Completion): void;
}

/** What clients see of a backend: one export. */
export interface NbdExport {
  /** Clients that ask for '' get this export as well. */
  readonly name: string;
  /** For people. */
  readonly description: string;
  readonly backend: BlockBackend;
}
