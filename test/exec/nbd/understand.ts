/** What came back, read by a client that knows only what it said: does each answer belong to a question? */
import {
  ABORT,
  COOKIE_HIGH,
  Cursor,
  DISC,
  decodeOptionReply,
  decodeReply,
  EXPORT_NAME,
  GO,
  READ,
  type Reply,
  STRUCTURED_REPLY,
  WRITE,
} from './wire.ts';

const FIXED_NEWSTYLE = 1;
const NO_ZEROES = 2;
const ACK = 1;
/** What this server takes; see handshake.ts and transmission.ts. */
const MOST_OPTIONS = 64;
const MOST_NAME_BYTES = 4096;
const MOST_PAYLOAD_BYTES = 32 * 1024 * 1024;

interface Asked {
  readonly command: number;
  readonly length: number;
  /** How often: cookies may be repeated. */
  times: number;
  answers: number;
  /** All of it was said; if not, it may be answered or not. */
  whole: boolean;
}

export class Understood {
  /** What the client did wrong: for this it may be dropped. */
  fault: string | undefined;
  /** Options and requests without a final answer. Nothing behind an option without an answer is looked at. */
  unanswered = 0;
  /** Requests that were asked, if the handshake came to its end. */
  requests: number | undefined;
  private readonly input: Cursor;
  private readonly output: Cursor;
  private structured = false;
  /** Requests that cannot be told apart by their cookies: their answers are not looked at. */
  private ambiguous = false;

  /** @throws An answer that no client can make sense of. */
  constructor(sent: Buffer, received: Buffer) {
    this.input = new Cursor(sent);
    this.output = new Cursor(received);
    const greeting = this.output.take(18).toString('latin1');
    if (greeting !== 'NBDMAGICIHAVEOPT\0\u0003') throw new Error(`greeted by ${JSON.stringify(greeting)}`);
    const begins = this.handshake();
    if (begins) this.transmission();
    if (this.output.left > 0 && !this.ambiguous) throw new Error(`${this.output.left} bytes answer nothing`);
  }

  /** Returns whether requests follow. */
  private handshake(): boolean {
    const { input } = this;
    if (input.left < 4) return false;
    const flags = input.u32();
    if ((flags & ~(FIXED_NEWSTYLE | NO_ZEROES)) !== 0) return this.broken('flags');
    for (let options = 0; options < MOST_OPTIONS; options++) {
      if (input.left < 16) return false;
      if (input.take(8).toString('latin1') !== 'IHAVEOPT') return this.broken('magic of an option');
      const option = input.u32();
      const length = input.u32();
      if (option === EXPORT_NAME) return this.exportName(length, (flags & NO_ZEROES) !== 0);
      if ((flags & FIXED_NEWSTYLE) === 0) return this.broken('option without fixed newstyle');
      if (input.left < length) return false;
      input.take(length);
      const answer = this.optionAnswer(option);
      if (answer === undefined) return false;
      if (answer === ACK && option === STRUCTURED_REPLY) this.structured = true;
      if (answer === ACK && option === ABORT) return false;
      if (answer === ACK && option === GO) return true;
    }
    return this.broken('too many options');
  }

  private exportName(length: number, noZeroes: boolean): boolean {
    if (length > MOST_NAME_BYTES) return this.broken('long name');
    if (this.input.left < length) return false;
    const name = this.input.take(length).toString();
    if (name !== '' && name !== 'disk') return this.broken('name');
    return this.answer((output) => output.take(noZeroes ? 10 : 134)) !== undefined;
  }

  /** The type of the reply that ends the answer. */
  private optionAnswer(option: number): number | undefined {
    for (;;) {
      const reply = this.answer(decodeOptionReply);
      if (reply === undefined) return undefined;
      if (reply.option !== option) throw new Error(`option ${option} has an answer to ${reply.option}`);
      if (reply.type === ACK || reply.type >= 0x8000_0000) return reply.type;
    }
  }

  private transmission(): void {
    const asked = this.readRequests();
    const dataBytes = (cookie: number) => {
      const question = asked.get(cookie);
      return question?.command === READ ? question.length : 0;
    };
    while (this.output.left > 0 && !this.ambiguous) {
      const reply = this.answer((output) => decodeReply(output, dataBytes));
      if (reply === undefined) return;
      const question = asked.get(reply.cookie);
      if (question === undefined) throw new Error(`an answer to ${reply.cookie}, which was not asked`);
      this.check(reply, question);
    }
    if (this.ambiguous) return;
    for (const { times, answers, whole } of asked.values())
      this.unanswered += Math.max(0, times - answers - (whole ? 0 : 1));
  }

  private check(reply: Reply, question: Asked): void {
    const chunk = reply.kind !== 'simple';
    if (chunk !== (this.structured && question.command === READ))
      throw new Error(`command ${question.command} is answered by a reply of the kind ${reply.kind}`);
    if (reply.done && ++question.answers > question.times)
      throw new Error(
        `${reply.cookie} has ${question.answers} answers and was asked ${question.times} times`,
      );
  }

  /** By cookie. DISC is the last one that is heard, and needs no answer. */
  private readRequests(): Map<number, Asked> {
    const { input } = this;
    const asked = new Map<number, Asked>();
    this.requests = 0;
    while (input.left >= 28 && this.fault === undefined) {
      if (input.u32() !== 0x25609513) this.broken('magic of a request');
      input.take(2);
      const command = input.u16();
      const cookieHigh = input.u32();
      const cookie = input.u32();
      input.take(8);
      const length = input.u32();
      if (command === WRITE && length > MOST_PAYLOAD_BYTES) this.broken('long write');
      if (this.fault !== undefined || command === DISC) break;
      if (cookieHigh !== COOKIE_HIGH) this.ambiguous = true;
      this.ask(asked, cookie, command, length);
    }
    return asked;
  }

  private ask(asked: Map<number, Asked>, cookie: number, command: number, length: number): void {
    const { input } = this;
    const payload = command === WRITE ? length : 0;
    const whole = input.left >= payload;
    input.take(Math.min(input.left, payload));
    this.requests = (this.requests ?? 0) + 1;
    const before = asked.get(cookie);
    if (before === undefined) {
      asked.set(cookie, { command, length, times: 1, answers: 0, whole });
      return;
    }
    if (before.command !== command || before.length !== length) this.ambiguous = true;
    before.times++;
    before.whole = whole;
  }

  private broken(fault: string): false {
    this.fault = fault;
    return false;
  }

  /** What is next in the output; if that is cut off, the question counts as unanswered. */
  private answer<T>(decode: (output: Cursor) => T): T | undefined {
    try {
      return decode(this.output);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.output.take(this.output.left);
      this.unanswered++;
      return undefined;
    }
  }
}
