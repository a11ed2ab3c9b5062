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
import { RssHasher } from './rss.ts';

const STATION_ADDRESSES = 16;

export class Classifier {
  /** Verdict on the last frame. */
  queue = 0;
  readonly rss: RssHasher;
  /** As the registers have them. */
  private readonly key = new Int32Array(RSSRK_WORDS);
  private readonly redirection = new Int32Array(RETA_WORDS);
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
    const { key, redirection } = this;
    for (let word = 0; word < RSSRK_WORDS; word++) key[word] = registers.get(rssrk(word));
    this.rss.configure(registers.get(MRQC), key);
    for (let word = 0; word < RETA_WORDS; word++) redirection[word] = registers.get(reta(word));
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
    this.queue = rss.type === RSS_TYPE_NONE ? 0 : this.redirected(rss.hash & 127);
    for (let filter = 0; filter < this.filters; filter++)
      if (this.filterTypes[filter] === rss.etherType) {
        this.queue = this.filterQueues[filter];
        return;
      }
  }

  /** Entry of RETA: four to a word. */
  private redirected(index: number): number {
    return (this.redirection[index >> 2] >>> (8 * (index & 3))) & (QUEUES - 1);
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
