import {
  ERROR_ENTRIES,
  ERROR_ENTRY,
  ERROR_ENTRY_BYTES,
  ERROR_NO_COMMAND,
  NAMESPACE,
  SQE,
  STATUS,
} from './datasheet.ts';

/** What an entry says of a command that it does not belong to. */
const NO_COMMAND = new Int32Array(SQE.cdw15 + 1);

/** The last errors, latest first when read (5.14.1.1). Not emptied by a reset of the controller. */
export class ErrorLog {
  /** Errors since power on. */
  total = 0;
  private readonly ring = new DataView(new ArrayBuffer(ERROR_ENTRIES * ERROR_ENTRY_BYTES));

  /** A command of a queue, with its entry at `words[at]`, ended with an error. */
  record(queue: number, cid: number, status: number, words: Int32Array, at: number): void {
    const { ring } = this;
    const entry = (this.total % ERROR_ENTRIES) * ERROR_ENTRY_BYTES;
    this.total++;
    ring.setUint32(entry + ERROR_ENTRY.count, this.total, true);
    ring.setUint16(entry + ERROR_ENTRY.queue, queue, true);
    ring.setUint16(entry + ERROR_ENTRY.cid, cid, true);
    ring.setUint16(entry + ERROR_ENTRY.status, status << 1, true);
    ring.setUint16(entry + ERROR_ENTRY.location, ERROR_NO_COMMAND, true);
    const onBlocks = queue !== 0 && words[at + SQE.nsid] === NAMESPACE;
    ring.setInt32(entry + ERROR_ENTRY.lba, onBlocks ? words[at + SQE.cdw10] : 0, true);
    ring.setInt32(entry + ERROR_ENTRY.lba + 4, onBlocks ? words[at + SQE.cdw11] : 0, true);
    ring.setInt32(entry + ERROR_ENTRY.nsid, words[at + SQE.nsid], true);
  }

  /** An error of a queue that no command is to blame for. */
  recordQueue(queue: number): void {
    this.record(queue, ERROR_NO_COMMAND, STATUS.success, NO_COMMAND, 0);
  }

  page(): Uint8Array {
    const page = new Uint8Array(ERROR_ENTRIES * ERROR_ENTRY_BYTES);
    for (let i = 0; i < Math.min(this.total, ERROR_ENTRIES); i++) {
      const entry = ((this.total - 1 - i) % ERROR_ENTRIES) * ERROR_ENTRY_BYTES;
      page.set(new Uint8Array(this.ring.buffer, entry, ERROR_ENTRY_BYTES), i * ERROR_ENTRY_BYTES);
    }
    return page;
  }

  clear(): void {
    this.total = 0;
  }
}
