/** What a planted bug is. */

export type Part = 'device' | 'drivers' | 'host' | 'swap';
export const PARTS: readonly Part[] = ['device', 'drivers', 'host', 'swap'];

/** Source text that occurs exactly once in the file, and what takes its place. */
export interface Edit {
  readonly find: string;
  readonly replace: string;
}

/** A mistake that somebody might make: as an edit of one source file. */
export interface Sabotage {
  /** In kebab-case. */
  readonly name: string;
  readonly part: Part;
  /** `src/...` */
  readonly file: string;
  /** Made one after another. */
  readonly edits: readonly Edit[];
  /** The mistake and what comes of it, as a reviewer would put it. */
  readonly says: string;
  /** It shows only under a certain interleaving, or when a fault comes at a certain time. */
  readonly interleaved: boolean;
  /** Looked for among drivers that keep words of their own in formats that differ: no built-in one does. */
  readonly amongMarked?: boolean;
  /** It lies in what threads do with each other, of which the simulation has nothing: it is looked for on threads. */
  readonly onThreads?: boolean;
}
