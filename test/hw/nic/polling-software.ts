/**
 * Software that drives the card in the way of polling user-space drivers for the real 82599: everything by
 * 32-bit register accesses at the datasheet's offsets (written out here a second time, on purpose) and plain
 * DMA memory. Section numbers are the datasheet's.
 */
import type { Memory, Region } from '../../../src/hw/memory.ts';

/** All that such a driver gets of a card. */
export interface Bar {
  read32(offset: number): number;
  write32(offset: number, value: number): void;
}

export const REGISTER = {
  CTRL: 0x00000,
  CTRL_EXT: 0x00018,
  EICR: 0x00800,
  EIMS: 0x00880,
  EIMC: 0x00888,
  RXPBSIZE: 0x03c00,
  RDRXCTL: 0x02f00,
  RXCTRL: 0x03000,
  GPRC: 0x04074,
  GPTC: 0x04080,
  GORCL: 0x04088,
  GORCH: 0x0408c,
  GOTCL: 0x04090,
  GOTCH: 0x04094,
  HLREG0: 0x04240,
  AUTOC: 0x042a0,
  LINKS: 0x042a4,
  RTTDCS: 0x04900,
  DMATXCTL: 0x04a80,
  FCTRL: 0x05080,
  DTXMXSZRQ: 0x08100,
  RAL: 0x0a200,
  RAH: 0x0a204,
  TXPBSIZE: 0x0cc00,
  EEC: 0x10010,
  RDBAL: 0x01000,
  RDBAH: 0x01004,
  RDLEN: 0x01008,
  DCA_RXCTRL: 0x0100c,
  RDH: 0x01010,
  SRRCTL: 0x01014,
  RDT: 0x01018,
  RXDCTL: 0x01028,
  TDBAL: 0x06000,
  TDBAH: 0x06004,
  TDLEN: 0x06008,
  TDH: 0x06010,
  TDT: 0x06018,
  TXDCTL: 0x06028,
} as const;

const RING = 512;
const CLEAN_BATCH = 32;
const BUFFER_BYTES = 2048;
const ENABLE = 1 << 25;
/** EOP, IFCS, RS, DEXT, and the type of a data descriptor. */
const SEND_WHOLE = (1 << 24) | (1 << 25) | (1 << 27) | (1 << 29) | (3 << 20);

/** A buffer in the hands of software. */
export interface Packet {
  readonly address: number;
  readonly length: number;
  readonly pool: number[];
}

export class PollingSoftware {
  /** Buffers that nobody has. */
  readonly pool: number[] = [];
  private readonly bar: Bar;
  private readonly memory: Memory;
  private readonly wait: () => void;
  private readonly rxRing: number;
  private readonly txRing: number;
  private readonly posted: number[] = [];
  private readonly inFlight: (Packet | undefined)[] = Array(RING).fill(undefined);
  private rxIndex = 0;
  private txIndex = 0;
  private cleanIndex = 0;

  /** `wait`: time passes, the card works. `allocate` gives memory that the card may touch. */
  constructor(
    bar: Bar,
    memory: Memory,
    buffers: number,
    allocate: (bytes: number) => Region,
    wait: () => void,
  ) {
    this.bar = bar;
    this.memory = memory;
    this.wait = wait;
    this.rxRing = allocate(RING * 16).address;
    this.txRing = allocate(RING * 16).address;
    // All ones: a card that starts too early finds no valid address.
    for (const ring of [this.rxRing, this.txRing]) memory.bytes.fill(0xff, ring, ring + RING * 16);
    const arena = allocate(buffers * BUFFER_BYTES).address;
    for (let i = 0; i < buffers; i++) this.pool.push(arena + i * BUFFER_BYTES);
  }

  /** 4.6.3: reset, then everything else. */
  bringUp(): void {
    this.maskInterrupts();
    this.write('CTRL', (1 << 26) | (1 << 3));
    this.until('CTRL', (1 << 26) | (1 << 3), 0);
    for (let i = 0; i < 10; i++) this.wait();
    this.maskInterrupts();
    this.until('EEC', 1 << 9, 1 << 9);
    this.until('RDRXCTL', 1 << 3, 1 << 3);
    this.startLink();
    this.readStatistics();
    this.initReceive();
    this.initTransmit();
    this.startReceive();
    this.startTransmit();
    this.set('FCTRL', (1 << 8) | (1 << 9));
    this.until('LINKS', 1 << 30, 1 << 30);
  }

  /** Frames and octets since the last time (8.2.3.23: cleared by reading). */
  readStatistics() {
    const octets = (low: number, high: number): number => low + high * 2 ** 32;
    return {
      received: this.read('GPRC'),
      sent: this.read('GPTC'),
      receivedBytes: octets(this.read('GORCL'), this.read('GORCH')),
      sentBytes: octets(this.read('GOTCL'), this.read('GOTCH')),
    };
  }

  get mac(): number[] {
    const [low, high] = [this.read('RAL'), this.read('RAH')];
    return [low, low >>> 8, low >>> 16, low >>> 24, high, high >>> 8].map((byte) => byte & 0xff);
  }

  /** 7.1.9: takes up to so many frames; each of their descriptors gets a fresh buffer. */
  receive(most: number): Packet[] {
    const { words } = this.memory;
    const packets: Packet[] = [];
    let last = this.rxIndex;
    while (packets.length < most) {
      const descriptor = (this.rxRing >>> 2) + this.rxIndex * 4;
      const status = Atomics.load(words, descriptor + 2);
      if ((status & 1) === 0) break;
      if ((status & 2) === 0) throw new Error('a frame of several descriptors');
      const length = words[descriptor + 3] & 0xffff;
      packets.push({ address: this.posted[this.rxIndex], length, pool: this.pool });
      this.post(this.rxIndex);
      last = this.rxIndex;
      this.rxIndex = (this.rxIndex + 1) % RING;
    }
    // One behind: RDT = RDH would mean that the ring is empty.
    if (packets.length > 0) this.write('RDT', last);
    return packets;
  }

  /** 7.2.1: cleans what is sent in batches, then queues what fits. Returns how many that were. */
  send(packets: readonly Packet[]): number {
    const { words } = this.memory;
    this.clean();
    let queued = 0;
    for (const packet of packets) {
      const next = (this.txIndex + 1) % RING;
      if (next === this.cleanIndex) break;
      this.inFlight[this.txIndex] = packet;
      const descriptor = (this.txRing >>> 2) + this.txIndex * 4;
      words[descriptor] = packet.address;
      words[descriptor + 1] = 0;
      words[descriptor + 2] = SEND_WHOLE | packet.length;
      words[descriptor + 3] = packet.length << 14;
      this.txIndex = next;
      queued++;
    }
    this.write('TDT', this.txIndex);
    return queued;
  }

  /** A batch is sent when its last descriptor is: then all of its buffers go home. */
  private clean(): void {
    for (;;) {
      const cleanable = (this.txIndex - this.cleanIndex + RING) % RING;
      if (cleanable < CLEAN_BATCH) return;
      const last = (this.cleanIndex + CLEAN_BATCH - 1) % RING;
      if ((Atomics.load(this.memory.words, (this.txRing >>> 2) + last * 4 + 3) & 1) === 0) return;
      for (let i = 0; i < CLEAN_BATCH; i++) {
        const slot = (this.cleanIndex + i) % RING;
        const packet = this.inFlight[slot];
        if (packet === undefined) throw new Error(`slot ${slot} is done and was never used`);
        packet.pool.push(packet.address);
        this.inFlight[slot] = undefined;
      }
      this.cleanIndex = (last + 1) % RING;
    }
  }

  private maskInterrupts(): void {
    this.write('EIMS', 0);
    this.write('EIMC', 0x7fffffff);
    this.read('EICR');
  }

  /** 4.6.4: 10 Gb/s serial, then the negotiation. */
  private startLink(): void {
    this.write('AUTOC', (this.read('AUTOC') & ~(7 << 13)) | (3 << 13));
    this.write('AUTOC', this.read('AUTOC') & ~(3 << 7));
    this.set('AUTOC', 1 << 12);
  }

  /** 4.6.7 */
  private initReceive(): void {
    this.clear('RXCTRL', 1);
    this.write('RXPBSIZE', 128 * 1024);
    for (let i = 1; i < 8; i++) this.bar.write32(REGISTER.RXPBSIZE + 4 * i, 0);
    this.set('HLREG0', 1 << 1);
    this.set('RDRXCTL', 1 << 1);
    this.set('FCTRL', 1 << 10);
    this.write('SRRCTL', (this.read('SRRCTL') & ~(7 << 25)) | (1 << 25));
    this.set('SRRCTL', 1 << 28);
    this.write('RDBAL', this.rxRing);
    this.write('RDBAH', 0);
    this.write('RDLEN', RING * 16);
    this.write('RDH', 0);
    this.write('RDT', 0);
    this.set('CTRL_EXT', 1 << 16);
    this.clear('DCA_RXCTRL', 1 << 12);
    this.set('RXCTRL', 1);
  }

  /** 4.6.8 */
  private initTransmit(): void {
    this.set('HLREG0', 1 | (1 << 10));
    this.write('TXPBSIZE', 40 * 1024);
    for (let i = 1; i < 8; i++) this.bar.write32(REGISTER.TXPBSIZE + 4 * i, 0);
    this.write('DTXMXSZRQ', 0xffff);
    this.clear('RTTDCS', 1 << 6);
    this.write('TDBAL', this.txRing);
    this.write('TDBAH', 0);
    this.write('TDLEN', RING * 16);
    const thresholds = 36 | (8 << 8) | (4 << 16);
    this.write('TXDCTL', (this.read('TXDCTL') & ~0x7f7f7f) | thresholds);
    this.write('DMATXCTL', 1);
  }

  private startReceive(): void {
    for (let slot = 0; slot < RING; slot++) this.post(slot);
    this.set('RXDCTL', ENABLE);
    this.until('RXDCTL', ENABLE, ENABLE);
    this.write('RDH', 0);
    this.write('RDT', RING - 1);
  }

  private startTransmit(): void {
    this.write('TDH', 0);
    this.write('TDT', 0);
    this.set('TXDCTL', ENABLE);
    this.until('TXDCTL', ENABLE, ENABLE);
  }

  /** The read format: buffer address, and a header address of zero, which takes DD away. */
  private post(slot: number): void {
    const buffer = this.pool.pop();
    if (buffer === undefined) throw new Error('no buffer left');
    this.posted[slot] = buffer;
    const descriptor = (this.rxRing >>> 2) + slot * 4;
    this.memory.words.set([buffer, 0, 0, 0], descriptor);
  }

  private read(name: keyof typeof REGISTER): number {
    return this.bar.read32(REGISTER[name]);
  }

  private write(name: keyof typeof REGISTER, value: number): void {
    this.bar.write32(REGISTER[name], value >>> 0);
  }

  private set(name: keyof typeof REGISTER, bits: number): void {
    this.write(name, this.read(name) | bits);
  }

  private clear(name: keyof typeof REGISTER, bits: number): void {
    this.write(name, this.read(name) & ~bits);
  }

  private until(name: keyof typeof REGISTER, mask: number, value: number): void {
    for (let look = 0; (this.read(name) & mask) !== value; look++) {
      if (look === 1000) throw new Error(`${name}: waited in vain for 0x${value.toString(16)}`);
      this.wait();
    }
  }
}
