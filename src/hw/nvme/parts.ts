import type { Iommu } from '../iommu.ts';
import type { Memory } from '../memory.ts';
import type { RegisterFile } from '../registers.ts';
import type { WriteCache } from './cache.ts';
import type { CommandTable } from './commands.ts';
import type { DataBuffer } from './data-buffer.ts';
import type { ErrorLog } from './error-log.ts';
import type { Events } from './events.ts';
import type { MediaOp } from './media.ts';
import type { NvmeProbes } from './probes.ts';
import type { CompletionQueues, SubmissionQueues } from './queues.ts';

/** What a simulation may put in place of what happens by itself. */
export interface Hooks {
  /**
   * When a due command is done, and when that is told, is the controller's affair: true keeps it for a later step.
   * Asked with the submission queue before a command is executed, and again before its completion is posted.
   */
  holdsBack: (queue: number) => boolean;
  /** Status field with which the media fails a command on these blocks; 0: it does not. */
  failsMedia: (op: MediaOp, block: number, count: number) => number;
}

/** What the engines of one controller share. */
export interface DiskParts {
  readonly memory: Memory;
  readonly registers: RegisterFile;
  readonly iommu: Iommu;
  /** The controller's number at the IOMMU, and in its serial number. */
  readonly device: number;
  readonly probes: NvmeProbes;
  readonly commands: CommandTable;
  readonly submission: SubmissionQueues;
  readonly completion: CompletionQueues;
  readonly data: DataBuffer;
  readonly events: Events;
  readonly errors: ErrorLog;
  readonly cache: WriteCache;
  readonly hooks: Hooks;
}
