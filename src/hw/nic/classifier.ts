/** Which queue does a frame go to? EtherType filters first, then RSS, else queue 0 (7.1.2). */
import type { Memory } from '../memory.ts';
import type { RegisterFile } from '../registers.ts';
import {
  ETHERTYPE_FILTERS,
  ETQF_ENABLE,
  ETQS_QUEUE_ENABLE,
  ETQS_QUEUE_SHIFT,
  etqf,
  etqs,
  FCTRL,
  FCTRL_BAM,
  FCTRL_MPE,
  FCTRL_UPE,
  MRQC,
  QUEUES,
  RAH_AV,
  RETA_WORDS,
  RSS_TYPE_NONE,
  RSSRK_WORDS,
  rah,
  ral,
  reta,
  rssrk,
} from './datasheet.ts';
import { KEY_BYTES, RssHasher } from './rss.ts';

const STATION_ADDRESSES = 16;

export class Classifier {
  /** Verdict on the last frame. */
  queue = 0;
  readonly rss: RssHasher;
  private readonly redirection = new Uint8Array(RETA_WORDS * 4);
  private readonly filterTypes = new Int32Array(ETHERTYPE_FILTERS);
  private readonly filterQueues = new Int32Array(ETHERTYPE_FILTERS);
  private filters = 0;
  private fctrl = 0;
  private readonly stations = new Float64Array(STATION_ADDRESSES);
  private readonly bytes: Uint8Array;

  constructor(memory: Memory) {
    this.rss = new RssHasher(memory);
    this.bytes = memory.bytes;
  }

  /** Takes over RETA, key, filters and addresses from the registers. */
  configure(registers: RegisterFile): void {
    const key = new Uint8Array(KEY_BYTES);
    for (let word = 0; word < RSSRK_WORDS; word++) {
      const value = registers.get(rssrk(word));
      for (let byte = 0; byte < 4; byte++) key[word * 4 + byte] = value >>> (8 * byte);
    }
    this.rss.configure(registers.get(MRQC), key);
    for (let word = 0; word < RETA_WORDS; word++) {
      const value = registers.get(reta(word));
      for (let byte = 0; byte < 4; byte++)
        this.redirection[word * 4 + byte] = (value >>> (8 * byte)) & (QUEUES - 1);
    }
    this.configureFilters(registers);
  }

  /** Address filtering (7.1.1.1). Call after `classify`. */
  accepts(address: number): boolean {
    const { bytes } = this;
    if ((bytes[address] & 1) !== 0) {
      if (isBroadcast(bytes, address)) return (this.fctrl & (FCTRL_BAM | FCTRL_MPE)) !== 0;
      return (this.fctrl & FCTRL_MPE) !== 0;
    }
    if ((this.fctrl & FCTRL_UPE) !== 0) return true;
    let destination = 0;
    for (let byte = 5; byte >= 0; byte--) destination = destination * 256 + bytes[address + byte];
    return this.stations.includes(destination);
  }

  classify(address: number, length: number): void {
    const { rss } = this;
    rss.parse(address, length);
    this.queue = rss.type === RSS_TYPE_NONE ? 0 : this.redirection[rss.hash & 127];
    for (let filter = 0; filter < this.filters; filter++)
      if (this.filterTypes[filter] === rss.etherType) {
        this.queue = this.filterQueues[filter];
        return;
      }
  }

  private configureFilters(registers: RegisterFile): void {
    this.fctrl = registers.get(FCTRL);
    this.filters = 0;
    for (let filter = 0; filter < ETHERTYPE_FILTERS; filter++) {
      const type = registers.get(etqf(filter));
      const queue = registers.get(etqs(filter));
      if ((type & ETQF_ENABLE) === 0 || (queue & ETQS_QUEUE_ENABLE) === 0) continue;
      this.filterTypes[this.filters] = type & 0xffff;
      this.filterQueues[this.filters] = (queue >>> ETQS_QUEUE_SHIFT) & (QUEUES - 1);
      this.filters++;
    }
    for (let index = 0; index < STATION_ADDRESSES; index++) {
      const high = registers.get(rah(index));
      const valid = (high & RAH_AV) !== 0;
      this.stations[index] = valid ? (high & 0xffff) * 4294967296 + registers.get(ral(index)) : -1;
    }
  }
}

function isBroadcast(bytes: Uint8Array, address: number): boolean {
  for (let byte = 0; byte < 6; byte++) if (bytes[address + byte] !== 0xff) return false;
  return true;
}
