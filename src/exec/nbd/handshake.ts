/** The handshake: fixed newstyle, from the greeting to the first request. Bytes in, actions out; no socket. */
import type { NbdExport } from './backend.ts';
import {
  exportNameReply,
  FLAG_CAN_MULTI_CONN,
  FLAG_FIXED_NEWSTYLE,
  FLAG_HAS_FLAGS,
  FLAG_NO_ZEROES,
  FLAG_READ_ONLY,
  FLAG_SEND_DF,
  FLAG_SEND_FLUSH,
  FLAG_SEND_FUA,
  FLAG_SEND_TRIM,
  FLAG_SEND_WRITE_ZEROES,
  greeting,
  INFO_BLOCK_SIZE,
  INFO_DESCRIPTION,
  INFO_NAME,
  infoBlockSize,
  infoExport,
  infoText,
  isOption,
  MAX_PAYLOAD_BYTES,
  MAX_STRING_BYTES,
  OPT_ABORT,
  OPT_EXPORT_NAME,
  OPT_GO,
  OPT_INFO,
  OPT_LIST,
  OPT_STRUCTURED_REPLY,
  OPTION_HEADER_BYTES,
  optionError,
  optionReply,
  REP_ACK,
  REP_ERR_INVALID,
  REP_ERR_TOO_BIG,
  REP_ERR_UNKNOWN,
  REP_ERR_UNSUP,
  REP_INFO,
  REP_SERVER,
  serverEntry,
} from './protocol.ts';

/** Options of one client. An ordinary one sends fewer than ten. */
export const MAX_OPTIONS = 64;

/** Data of one option: a name of full length, and room for information requests. */
export const MAX_OPTION_BYTES = 2 * MAX_STRING_BYTES;

const KNOWN_CLIENT_FLAGS = FLAG_FIXED_NEWSTYLE | FLAG_NO_ZEROES;

export type HandshakeAction =
  | { readonly kind: 'send'; readonly bytes: Buffer }
  /** The handshake is over; `rest` is what came after it. */
  | { readonly kind: 'transmit'; readonly structured: boolean; readonly rest: Buffer }
  /** The client has left in good order. */
  | { readonly kind: 'end' }
  /** The client is not to be talked to any more. */
  | { readonly kind: 'violation'; readonly reason: string };

/** Asks for so many bytes; what `yield` returns. */
type Take<T> = Generator<number, T, Buffer>;

export class Handshake {
  private readonly served: NbdExport;
  private readonly script: Take<HandshakeAction>;
  private actions: HandshakeAction[] = [];
  private readonly parts: Buffer[] = [];
  private wanted = 0;
  private collected = 0;
  private structured = false;
  /** After transmit, end or violation: nothing is taken any more. */
  private over = false;

  constructor(served: NbdExport) {
    this.served = served;
    this.script = this.negotiate();
  }

  /** The greeting. Once, before any `receive`. */
  start(): HandshakeAction[] {
    this.proceed(this.script.next());
    return this.take();
  }

  receive(chunk: Buffer): HandshakeAction[] {
    let at = 0;
    while (!this.over && at < chunk.length) {
      const end = Math.min(chunk.length, at + this.wanted - this.collected);
      this.parts.push(chunk.subarray(at, end));
      this.collected += end - at;
      at = end;
      if (this.collected === this.wanted) this.feed(chunk.subarray(at));
    }
    return this.take();
  }

  private take(): HandshakeAction[] {
    const { actions } = this;
    this.actions = [];
    return actions;
  }

  private feed(rest: Buffer): void {
    const [only] = this.parts;
    const bytes = this.parts.length === 1 ? only : Buffer.concat(this.parts);
    this.parts.length = this.collected = 0;
    this.proceed(this.script.next(bytes), rest);
  }

  private proceed(next: IteratorResult<number, HandshakeAction>, rest: Buffer = Buffer.alloc(0)): void {
    if (!next.done) {
      this.wanted = next.value;
      return;
    }
    this.over = true;
    this.actions.push(next.value.kind === 'transmit' ? { ...next.value, rest } : next.value);
  }

  private send(bytes: Buffer): void {
    this.actions.push({ kind: 'send', bytes });
  }

  /** "Newstyle negotiation", with "Fixed newstyle negotiation". */
  private *negotiate(): Take<HandshakeAction> {
    this.send(greeting());
    const flags = (yield 4).readUInt32BE();
    if ((flags & ~KNOWN_CLIENT_FLAGS) !== 0) return violation(`unknown client flags 0x${flags.toString(16)}`);
    const noZeroes = (flags & FLAG_NO_ZEROES) !== 0;
    const fixed = (flags & FLAG_FIXED_NEWSTYLE) !== 0;
    for (let options = 0; options < MAX_OPTIONS; options++) {
      const header = yield OPTION_HEADER_BYTES;
      if (!isOption(header)) return violation('an option without its magic number');
      const option = header.readUInt32BE(8);
      const length = header.readUInt32BE(12);
      if (option === OPT_EXPORT_NAME) return yield* this.exportName(length, noZeroes);
      if (!fixed) return violation(`option ${option} of a client without fixed newstyle`);
      const outcome = yield* this.option(option, length);
      if (outcome !== undefined) return outcome;
    }
    return violation(`more than ${MAX_OPTIONS} options`);
  }

  /** NBD_OPT_EXPORT_NAME: it cannot be refused but by ending the connection. */
  private *exportName(length: number, noZeroes: boolean): Take<HandshakeAction> {
    if (length > MAX_STRING_BYTES) return violation(`an export name of ${length} bytes`);
    const name = (length === 0 ? Buffer.alloc(0) : yield length).toString();
    if (!this.serves(name)) return violation(unknownExport(name));
    this.send(exportNameReply(this.served.backend.sizeBytes, this.flags(), noZeroes));
    return this.transmit();
  }

  /** One option and its answer. Returns an action if it ends the handshake. */
  private *option(option: number, length: number): Take<HandshakeAction | undefined> {
    if (length > MAX_OPTION_BYTES) {
      yield* skip(length);
      this.refuse(option, REP_ERR_TOO_BIG, `options of up to ${MAX_OPTION_BYTES} bytes are read`);
      return undefined;
    }
    const data = length === 0 ? Buffer.alloc(0) : yield length;
    if (option === OPT_ABORT) return this.abort();
    if (option === OPT_LIST) this.list(data);
    else if (option === OPT_STRUCTURED_REPLY) this.structuredReply(data);
    else if (option === OPT_INFO) this.info(option, data);
    else if (option === OPT_GO) return this.info(option, data) ? this.transmit() : undefined;
    else this.refuse(option, REP_ERR_UNSUP, `option ${option} is not supported`);
    return undefined;
  }

  /** The client need not wait for the answer. */
  private abort(): HandshakeAction {
    this.acknowledge(OPT_ABORT);
    return { kind: 'end' };
  }

  private list(data: Buffer): void {
    if (data.length !== 0) return this.refuse(OPT_LIST, REP_ERR_INVALID, 'LIST has no data');
    this.send(optionReply(OPT_LIST, REP_SERVER, serverEntry(this.served.name)));
    this.acknowledge(OPT_LIST);
  }

  private structuredReply(data: Buffer): void {
    const option = OPT_STRUCTURED_REPLY;
    if (data.length !== 0) return this.refuse(option, REP_ERR_INVALID, 'STRUCTURED_REPLY has no data');
    this.structured = true;
    this.acknowledge(option);
  }

  /** NBD_OPT_INFO and NBD_OPT_GO. Returns whether the export is served. */
  private info(option: number, data: Buffer): boolean {
    const asked = decodeInfoRequest(data);
    if (asked === undefined) {
      this.refuse(option, REP_ERR_INVALID, 'the lengths in the request do not fit together');
      return false;
    }
    if (!this.serves(asked.name)) {
      this.refuse(option, REP_ERR_UNKNOWN, unknownExport(asked.name));
      return false;
    }
    const { name, description, backend } = this.served;
    this.inform(option, infoExport(backend.sizeBytes, this.flags()));
    if (asked.types.has(INFO_NAME)) this.inform(option, infoText(INFO_NAME, name));
    if (asked.types.has(INFO_DESCRIPTION)) this.inform(option, infoText(INFO_DESCRIPTION, description));
    if (asked.types.has(INFO_BLOCK_SIZE)) this.inform(option, this.blockSize());
    this.acknowledge(option);
    return true;
  }

  /**
   * Clients that do not ask are let in: they mostly keep to blocks of 512 bytes, and requests that do not are
   * answered by EINVAL.
   */
  private blockSize(): Buffer {
    const { minimumBlockBytes, preferredBlockBytes } = this.served.backend;
    return infoBlockSize(minimumBlockBytes, preferredBlockBytes, MAX_PAYLOAD_BYTES);
  }

  private inform(option: number, data: Buffer): void {
    this.send(optionReply(option, REP_INFO, data));
  }

  private acknowledge(option: number): void {
    this.send(optionReply(option, REP_ACK));
  }

  private refuse(option: number, type: number, message: string): void {
    this.send(optionError(option, type, message));
  }

  private serves(name: string): boolean {
    return name === '' || name === this.served.name;
  }

  private transmit(): HandshakeAction {
    return { kind: 'transmit', structured: this.structured, rest: Buffer.alloc(0) };
  }

  /** "Transmission flags". All connections see one disk, and flush it as a whole: CAN_MULTI_CONN. */
  private flags(): number {
    const common =
      FLAG_HAS_FLAGS | FLAG_SEND_FLUSH | FLAG_CAN_MULTI_CONN | (this.structured ? FLAG_SEND_DF : 0);
    if (this.served.backend.readOnly) return common | FLAG_READ_ONLY;
    return common | FLAG_SEND_FUA | FLAG_SEND_TRIM | FLAG_SEND_WRITE_ZEROES;
  }
}

function violation(reason: string): HandshakeAction {
  return { kind: 'violation', reason };
}

/** Cut short: the name is the client's, and messages have at most MAX_STRING_BYTES. */
function unknownExport(name: string): string {
  return `no export ${JSON.stringify(name.slice(0, 100))}`;
}

/** Reads past data that are too long to keep. */
function* skip(length: number): Take<void> {
  for (let left = length; left > 0; ) left -= (yield Math.min(left, MAX_OPTION_BYTES)).length;
}

interface InfoRequest {
  readonly name: string;
  readonly types: ReadonlySet<number>;
}

/** Data of INFO and GO: the name with its length, then types of information with their number. */
function decodeInfoRequest(data: Buffer): InfoRequest | undefined {
  if (data.length < 6) return undefined;
  const nameBytes = data.readUInt32BE(0);
  if (nameBytes > MAX_STRING_BYTES || data.length < 6 + nameBytes) return undefined;
  const name = data.toString('utf8', 4, 4 + nameBytes);
  const first = 6 + nameBytes;
  const count = data.readUInt16BE(4 + nameBytes);
  if (data.length !== first + 2 * count) return undefined;
  return { name, types: new Set(Array.from({ length: count }, (_, i) => data.readUInt16BE(first + 2 * i))) };
}
